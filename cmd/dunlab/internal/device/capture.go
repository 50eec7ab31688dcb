package device

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Capture starts "dun capture" as soon as a dun is there that can be asked,
// and waits until it does. It gives the file too.
func (d *Device) Capture(ctx context.Context, entry string) (*Running, string, error) {
	for {
		_, err := d.Status(ctx)
		if err == nil {
			break
		}
		if err := pause(ctx); err != nil {
			return nil, "", err
		}
	}
	file := filepath.Join(d.dir, entry+".pcapng")
	r, err := d.start("capture-"+entry, "capture", entry, file)
	if err != nil {
		return nil, "", err
	}
	for {
		if info, err := os.Stat(file); err == nil && info.Size() > 0 {
			return r, file, nil
		}
		select {
		case <-r.process.Done():
			return nil, "", fmt.Errorf("capture %s: %w", entry, r.out.end(r.process.ExitCode()))
		default:
		}
		if err := pause(ctx); err != nil {
			return nil, "", err
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(20 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// DialAndLeave runs "dun dial --leave", which an agent does.
func (d *Device) DialAndLeave(ctx context.Context, entry string) error {
	if out, err := d.Run(ctx, d.argv("dial", "--leave", entry)...); err != nil {
		return fmt.Errorf("dun dial --leave %s: %w %s", entry, err, out)
	}
	return nil
}

// HangUpLeft hangs up what was dialed so.
func (d *Device) HangUpLeft(ctx context.Context, entry string) error {
	if out, err := d.Run(ctx, d.argv("hangup", entry)...); err != nil {
		return fmt.Errorf("dun hangup %s: %w %s", entry, err, out)
	}
	return nil
}

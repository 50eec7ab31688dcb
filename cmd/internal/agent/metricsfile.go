package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// MetricsFile keeps a file with the agent's metrics, for the textfile
// collector of Prometheus' node_exporter.
type MetricsFile struct {
	agent *Agent
	name  string
	lock  *os.File
	stop  context.CancelFunc
	wg    sync.WaitGroup
}

// WriteMetrics writes the agent's metrics into the file name now, and from then
// on every so often, unless another dun writes there. What fails later is told to the subscribers, once for each kind of failure.
func (a *Agent) WriteMetrics(name string, every time.Duration) (*MetricsFile, error) {
	// The collector reads *.prom: neither of the files beside is one.
	lock, err := os.OpenFile(beside(name, ".lock"), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("no metrics: %w", err)
	}
	if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		lock.Close()
		return nil, fmt.Errorf("no metrics: another dun writes %s", name)
	}
	m := &MetricsFile{agent: a, name: name, lock: lock}
	if err := m.write(); err != nil {
		lock.Close()
		return nil, fmt.Errorf("no metrics: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.wg.Go(func() { m.run(ctx, every) })
	return m, nil
}

// Close ends it and takes the file away: what nobody writes any more would be
// taken for the present.
func (m *MetricsFile) Close() {
	m.stop()
	m.wg.Wait()
	for _, name := range []string{m.name, beside(m.name, ".tmp"), m.lock.Name()} {
		os.Remove(name)
	}
	m.lock.Close()
}

func (m *MetricsFile) run(ctx context.Context, every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	told := ""
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		err := m.write()
		if err != nil && err.Error() != told {
			m.agent.emitText(metricsEntry, "not written: %v", err)
			told = err.Error()
		} else if err == nil {
			told = ""
		}
	}
}

// metricsEntry is the name of the metrics in events.
const metricsEntry = "metrics"

// write replaces the file as a whole. It is not synced: after a crash of the
// machine it is of no use.
func (m *MetricsFile) write() error {
	temporary := beside(m.name, ".tmp")
	os.Remove(temporary) // of one that was killed
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(m.agent.Metrics())
	if err == nil {
		err = f.Chmod(0o644) // whatever the umask: the collector is another user
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(temporary, m.name)
	}
	if err != nil {
		os.Remove(temporary)
	}
	return err
}

// beside is a hidden file in the same directory.
func beside(name, suffix string) string {
	return filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+suffix)
}

package modem

import (
	"context"

	"dun/dialup/cause"
	"dun/modem/at"
)

// probeSpeeds are tried in this order where Config.Speed is 0.
var probeSpeeds = [...]int{115200, 57600, 38400, 19200, 9600, 230400, 460800, 2400, 1200}

// Report is what Probe found out.
type Report struct {
	Port    string
	Speed   int // at which the modem answered, bit/s
	Answers []Answer
	Signals []Signal // the modem control lines; none where the port has not any
}

// Answer is what the modem said to one question.
type Answer struct {
	Command string
	Lines   []string
	Result  string // "OK", "ERROR"; "" = it stayed silent
}

// Signal is a modem control line as the port sees it.
type Signal struct {
	Name string // "DCD", "DSR", "CTS", "RI"
	On   bool
}

// Probe finds a modem and asks it what it is. With Speed 0 it tries the usual
// speeds. tried, which may be nil, is told each. Errors are *cause.Error.
func Probe(ctx context.Context, cfg Config, tried func(speed int)) (*Report, error) {
	speeds := probeSpeeds[:]
	if cfg.Speed != 0 {
		speeds = []int{cfg.Speed}
	}
	var last error
	for _, speed := range speeds {
		cfg.Speed = speed
		if tried != nil {
			tried(speed)
		}
		report, err := probe(ctx, cfg)
		if cause.Of(err) != cause.ModemSilent {
			return report, err
		}
		last = err
	}
	return nil, last
}

func probe(ctx context.Context, cfg Config) (*Report, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p, err := openPort(&cfg)
	if err != nil {
		return nil, err
	}
	defer p.close()
	r := &Report{Port: cfg.Port, Speed: cfg.Speed}
	talk := dialogue{cfg: &cfg, port: p, hear: func(e at.Event) {
		if a, ok := e.(at.Answered); ok {
			r.Answers = append(r.Answers, Answer{a.Command, a.Lines, a.Result.Text})
		}
	}}
	if _, err := talk.run(ctx, at.Probe{}); err != nil {
		return nil, err
	}
	r.Signals = p.inputs()
	return r, nil
}

// Command sends one command line, with its AT, and returns what the modem
// said, its result last. An ERROR is no error of ours, silence is one. A
// command that dials is hung up again.
func Command(ctx context.Context, cfg Config, command string) ([]string, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p, err := openPort(&cfg)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var lines []string
	online := false
	talk := dialogue{cfg: &cfg, port: p, hear: func(e at.Event) {
		if a, ok := e.(at.Answered); ok && a.Result.Code != at.NoResult {
			lines = append(a.Lines, a.Result.Text)
			online = a.Result.Code == at.Connect
		}
	}}
	_, err = talk.run(ctx, at.Command{Line: command})
	if online {
		talk.hear = nil
		_, err = talk.run(ctx, at.HangUp{Online: true})
	}
	return lines, err
}

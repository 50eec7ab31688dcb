package agent

import (
	"sync"

	"dun/dialup/json"
)

// conversation is what one client of the control socket has asked for beyond
// answers.
type conversation struct {
	control *Control
	out     *lineWriter

	events *subscription // nil until something is subscribed to
	story  bool
	wg     sync.WaitGroup
}

// end ends what was asked for, and waits for it.
func (t *conversation) end() {
	if t.events != nil {
		t.control.agent.events.end(t.events)
	}
	t.wg.Wait()
}

func (t *conversation) call(req request) (any, *rpcError) {
	switch req.Method {
	case "subscribe":
		t.story = true
		t.subscribe(nil)
		return true, nil
	case "trace":
		var p traceParams
		if req.Params != nil && json.Unmarshal(req.Params, &p) != nil {
			return nil, &rpcError{Code: codeParams, Message: `trace wants {"entry": NAME, "protocols": [NAME...]}, or {"off": true}`}
		}
		return outcome(t.trace(p))
	}
	return t.control.call(req)
}

// capture begins a capture. Events would get between its packets.
func (t *conversation) capture(req request) (*Capture, *rpcError) {
	var p captureParams
	if json.Unmarshal(req.Params, &p) != nil || p.Entry == "" || t.events != nil || len(req.ID) == 0 {
		return nil, &rpcError{Code: codeParams, Message: `capture wants {"entry": NAME, "snaplen": OCTETS}, an id, and a conversation without events`}
	}
	c, err := t.control.agent.Capture(p.Entry, p.Snap)
	if err != nil {
		_, failed := outcome(err)
		return nil, failed
	}
	return c, nil
}

func (t *conversation) trace(p traceParams) error {
	if p.Off {
		t.subscribe(&Selection{})
		return nil
	}
	protocols, err := ParseProtocols(p.Protocols)
	if err == nil {
		err = t.control.agent.traceable(p.Entry)
	}
	if err != nil {
		return err
	}
	t.subscribe(&Selection{p.Entry, protocols})
	return nil
}

// subscribe has events come, with other packets than before unless nil.
func (t *conversation) subscribe(packets *Selection) {
	b := t.control.agent.events
	if t.events == nil {
		s := b.subscribe(backlog)
		t.events = s
		t.wg.Go(func() {
			for ev := range s.events {
				t.out.write(notification{jsonVersion, "event", ev})
			}
		})
	}
	b.change(t.events, t.story, packets)
}

package agent

import (
	"fmt"

	"dun/dialup/cause"
	"dun/dialup/json"
)

// request and response are JSON-RPC 2.0's; a request without an id is a
// notification and gets no answer.
type request struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params,omitempty"`
}

type response struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"` // nil becomes null: the request could not be read
	Result  any             `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type notification struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

type rpcError struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Data    *Failure `json:"data,omitempty"`
}

// Codes of JSON-RPC 2.0 section 5.1; codeFailed is our own.
const (
	codeParse   = -32700
	codeRequest = -32600
	codeMethod  = -32601
	codeParams  = -32602
	codeFailed  = -32000
	jsonVersion = "2.0"
)

// dialParams are those of the call "dial". A password that is not stored may be
// given along; it is kept no longer than the connection.
type dialParams struct {
	Entry    string `json:"entry"`
	Password string `json:"password,omitempty"`
}

// hangUpParams are those of the call "hangup".
type hangUpParams struct {
	Entry string `json:"entry,omitempty"`
	All   bool   `json:"all,omitempty"`
}

// traceParams are those of the call "trace": packets of an entry, or with
// "server" of all calls that are answered, or without an entry of everything;
// those of some protocols (see ProtocolNames), or without any of all.
type traceParams struct {
	Entry     string   `json:"entry,omitempty"`
	Protocols []string `json:"protocols,omitempty"`
	Off       bool     `json:"off,omitempty"`
}

// captureParams are those of the call "capture".
type captureParams struct {
	Entry string `json:"entry"`
	Snap  int    `json:"snaplen,omitempty"`
}

// logParams are those of the call "log": how many events.
type logParams struct {
	Last int `json:"last"`
}

// parseRequest reads one line.
func parseRequest(line []byte) (req request, fault *rpcError) {
	if !json.Valid(line) {
		return req, &rpcError{Code: codeParse, Message: "this is no JSON"}
	}
	if err := json.Unmarshal(line, &req); err != nil || req.Version != jsonVersion || req.Method == "" || !validID(req.ID) {
		return request{}, &rpcError{Code: codeRequest, Message: `a request is {"jsonrpc": "2.0", "id": NUMBER, "method": NAME, "params": {...}}`}
	}
	return req, nil
}

// validID holds an id to a string or a number (JSON-RPC 2.0 section 4), or none.
func validID(id json.RawMessage) bool {
	return len(id) == 0 || id[0] == '"' || id[0] == '-' || id[0] >= '0' && id[0] <= '9' || string(id) == "null"
}

// The calls are
//
//	status                             the snapshot, see Status
//	subscribe                          from now on an "event" for each Event that is no packet
//	trace {entry, protocols, off}      from now on an "event" for each control packet of these,
//	                                   with "packet" in the form of --debug; the last call counts
//	capture {entry, snaplen}           behind the answer the conversation is a pcapng stream, until
//	                                   its end or that of what the client says
//	dial {entry, password}             begins, and does not wait
//	hangup {entry} or {all}            the same
//	reload                             reads the files again
//	log {last}                         the last events, no packets among them
//	console {columns, rows}            leads the console on the rest of the conversation
//	trial                              looks after the change of the phonebook that is on trial
//
// subscribe and trace are of the conversation, and end with it.

// call does what a request asks for, but for what a conversation does.
func (c *Control) call(req request) (any, *rpcError) {
	switch req.Method {
	case "status":
		return c.agent.Status(), nil
	case "dial":
		var p dialParams
		if err := json.Unmarshal(req.Params, &p); err != nil || p.Entry == "" {
			return nil, &rpcError{Code: codeParams, Message: `dial wants {"entry": NAME}`}
		}
		_, err := c.agent.DialWith(p.Entry, p.Password)
		return outcome(err)
	case "reload":
		return outcome(c.agent.Reload())
	case "log":
		var p logParams
		if err := json.Unmarshal(req.Params, &p); err != nil || p.Last < 1 {
			return nil, &rpcError{Code: codeParams, Message: `log wants {"last": NUMBER}`}
		}
		return c.agent.Log(p.Last), nil
	case "trial":
		if c.agent.cfg.Trial == nil {
			return outcome(cause.New(cause.Usage, "this dun was started for one thing and looks after no trial"))
		}
		c.agent.cfg.Trial()
		return true, nil
	case "hangup":
		var p hangUpParams
		if err := json.Unmarshal(req.Params, &p); err != nil || (p.Entry == "") == !p.All {
			return nil, &rpcError{Code: codeParams, Message: `hangup wants {"entry": NAME} or {"all": true}`}
		}
		if p.All {
			c.wg.Go(func() { c.agent.HangUpAll(cause.UserRequest) })
			return true, nil
		}
		return outcome(c.agent.HangUp(p.Entry, cause.UserRequest))
	}
	return nil, &rpcError{Code: codeMethod, Message: fmt.Sprintf("no method %q", req.Method)}
}

// outcome is the answer of a method that has nothing else to say.
func outcome(err error) (any, *rpcError) {
	if err != nil {
		return nil, &rpcError{Code: codeFailed, Message: err.Error(), Data: FailureOf(err)}
	}
	return true, nil
}

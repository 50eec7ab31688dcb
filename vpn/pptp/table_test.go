package pptp

import (
	"fmt"
	"slices"
	"testing"
)

// The figures of RFC 2637 section 3, arrow by arrow: state, what happens,
// what is sent, state. "closed" is the RFC's idle at the end.
var rfcControl = map[bool][]string{
	true: { // section 3.1.1
		"idle | TCP Open Indication | Start Control Connection Request | wait_ctl_reply",
		"wait_ctl_reply | Receive Start Ctl Connection Reply, Version OK | | established",
		"wait_ctl_reply | Receive Start Ctl Connection Reply, Version Not OK | Stop Control Request | wait_stop_reply",
		"established | Receive Stop Control Connection Request | Stop Control Reply, Close TCP | closed",
		"established | Local Terminate | Stop Control Request | wait_stop_reply",
		"wait_stop_reply | Receive Stop Control Reply | Close TCP | closed",
	},
	false: { // section 3.1.2
		"idle | Receive Start Control Connection Request, Version Not OK | Start Control Connection Reply with Error, Close TCP | closed",
		"idle | Receive Start Control Connection Request, Version OK | Start Control Connection Reply | established",
		"established | Receive Stop Control Connection Request | Stop Control Reply, Close TCP | closed",
		"established | Local Terminate | Stop Control Request | wait_stop_reply",
		"wait_stop_reply | Receive Stop Control Reply | Close TCP | closed",
	},
}

var rfcCalls = map[role][]string{
	pnsOutgoing: { // section 3.2.4.2
		"idle | Open Indication | Outgoing Call Request | wait_reply",
		"wait_reply | Receive Outgoing Call Reply with Error | | idle",
		"wait_reply | Receive Outgoing Call Reply No Error | | established",
		"wait_reply | Abort | Call Clear Request | wait_disconnect",
		"established | Receive Call Disconnect Notify | | idle",
		"established | Local Terminate | Call Clear Request | wait_disconnect",
		"wait_disconnect | Receive Call Disconnect Notify | | idle",
	},
	pacOutgoing: { // section 3.2.4.1, without "Request in Error"
		"idle | Receive Outgoing Call Request No Error | | wait_cs_ans",
		"wait_cs_ans | Incomplete Call | Outgoing Call Reply with Error | idle",
		"wait_cs_ans | Receive Call Clear Request | Call Disconnect Notify | idle",
		"wait_cs_ans | Telco Answer | Outgoing Call Reply | established",
		"established | Receive Call Clear Request | Call Disconnect Notify | idle",
		"established | local terminate | Call Disconnect Notify | idle",
	},
	pnsIncoming: { // section 3.2.3.2; idle with a request is "asked" here
		"asked | Not Accepting | Incoming Call Reply with Error | idle",
		"asked | Accepting | Incoming Call Reply OK | wait_connect",
		"wait_connect | Receive Call Disconnect Notify | | idle",
		"wait_connect | Receive Incoming Call Connect | | established",
		"established | Receive Call Disconnect Notify | | idle",
		"established | Local Terminate | Call Clear Request | wait_disconnect",
		"wait_disconnect | Receive Call Disconnect Notify | | idle",
	},
	pacIncoming: { // section 3.2.3.1
		"idle | Ring | Incoming Call Request | wait_reply",
		"wait_reply | Receive Incoming Call Reply Not Accepting | | idle",
		"wait_reply | Abort | Call Disconnect Notify | idle",
		"wait_reply | Receive Incoming Call Reply Accepting | Call Connected | established",
		"established | Receive Clear Call Request | Call Disconnect Notify | idle",
		"established | local disconnect | Call Disconnect Notify | idle",
	},
}

func TestControlTableIsTheRFCs(t *testing.T) {
	inputs := map[input]string{
		inOpen: "TCP Open Indication", inStartRequest: "Receive Start Control Connection Request, Version OK",
		inStartRequestBad: "Receive Start Control Connection Request, Version Not OK",
		inStartReply:      "Receive Start Ctl Connection Reply, Version OK", inStartReplyBad: "Receive Start Ctl Connection Reply, Version Not OK",
		inStopRequest: "Receive Stop Control Connection Request", inStopReply: "Receive Stop Control Reply", inTerminate: "Local Terminate",
	}
	outputs := map[output]string{
		0: "", sendStartRequest: "Start Control Connection Request ", sendStartReply: "Start Control Connection Reply ",
		sendStartReplyError | closeTCP: "Start Control Connection Reply with Error, Close TCP ", sendStopRequest: "Stop Control Request ",
		sendStopReply | closeTCP: "Stop Control Reply, Close TCP ", closeTCP: "Close TCP ",
	}
	for _, originate := range []bool{true, false} {
		var got []string
		seen := map[string]bool{}
		for _, row := range controlTable {
			if row.originate != originate {
				continue
			}
			key := fmt.Sprint(row.from, row.in)
			if seen[key] {
				t.Errorf("originate %v: two rows for %v and %d", originate, row.from, row.in)
			}
			seen[key] = true
			if row.ours == "" {
				got = append(got, fmt.Sprintf("%v | %s | %s| %v", row.from, inputs[row.in], outputs[row.out], row.to))
			}
		}
		compare(t, fmt.Sprintf("originate %v", originate), got, rfcControl[originate])
	}
}

func TestCallTableIsTheRFCs(t *testing.T) {
	inputs := map[role]map[callInput]string{
		pnsOutgoing: {callOpen: "Open Indication", callReplyError: "Receive Outgoing Call Reply with Error", callReply: "Receive Outgoing Call Reply No Error",
			callDisconnect: "Receive Call Disconnect Notify", callTerminate: "Local Terminate"},
		pacOutgoing: {callRequest: "Receive Outgoing Call Request No Error", callRefuse: "Incomplete Call", callClear: "Receive Call Clear Request",
			callAccept: "Telco Answer", callTerminate: "local terminate"},
		pnsIncoming: {callRefuse: "Not Accepting", callAccept: "Accepting", callDisconnect: "Receive Call Disconnect Notify",
			callConnected: "Receive Incoming Call Connect", callTerminate: "Local Terminate"},
		pacIncoming: {callOpen: "Ring", callReplyError: "Receive Incoming Call Reply Not Accepting", callReply: "Receive Incoming Call Reply Accepting",
			callClear: "Receive Clear Call Request", callTerminate: "local disconnect"},
	}
	outputs := map[role]map[callOutput]string{
		pnsOutgoing: {sendRequest: "Outgoing Call Request ", sendClear: "Call Clear Request "},
		pacOutgoing: {sendReplyError: "Outgoing Call Reply with Error ", sendDisconnect: "Call Disconnect Notify ", sendReply: "Outgoing Call Reply "},
		pnsIncoming: {sendReplyError: "Incoming Call Reply with Error ", sendReply: "Incoming Call Reply OK ", sendClear: "Call Clear Request "},
		pacIncoming: {sendRequest: "Incoming Call Request ", sendDisconnect: "Call Disconnect Notify ", sendConnected: "Call Connected "},
	}
	const tells = tellAsked | tellUp | tellEnded
	for r := pnsOutgoing; r <= pacIncoming; r++ {
		var got []string
		seen := map[string]bool{}
		for _, row := range callTable {
			if row.role != r {
				continue
			}
			key := fmt.Sprint(row.from, row.in)
			if seen[key] {
				t.Errorf("role %d: two rows for %v and %d", r, row.from, row.in)
			}
			seen[key] = true
			// What our owner hears follows from the states.
			if up := row.out&tellUp != 0; up != (row.to == callEstablished && row.from != callEstablished) {
				t.Errorf("role %d, %v and %d: CallUp %v", r, row.from, row.in, up)
			}
			over := row.to == callIdle || row.to == callWaitDisconnect
			told := row.from == callWaitDisconnect || row.in == callRefuse
			if ended := row.out&tellEnded != 0; ended != (over && !told) {
				t.Errorf("role %d, %v and %d: CallEnded %v", r, row.from, row.in, ended)
			}
			if row.ours != "" {
				continue
			}
			in := inputs[r][row.in]
			if row.in == callTerminate && row.from == callWaitReply {
				in = "Abort"
			}
			got = append(got, fmt.Sprintf("%v | %s | %s| %v", row.from, in, outputs[r][row.out&^tells], row.to))
		}
		compare(t, fmt.Sprintf("role %d", r), got, rfcCalls[r])
	}
}

func compare(t *testing.T, name string, got, want []string) {
	t.Helper()
	for _, s := range want {
		if !slices.Contains(got, s) {
			t.Errorf("%s: missing %q", name, s)
		}
	}
	for _, s := range got {
		if !slices.Contains(want, s) {
			t.Errorf("%s: the RFC does not have %q", name, s)
		}
	}
}

// Every state of a call has a deadline except idle and established, and a row
// for it (RFC 2637 section 3.2.1).
func TestEveryWaitEnds(t *testing.T) {
	for r := pnsOutgoing; r <= pacIncoming; r++ {
		for _, row := range callTable {
			if row.role != r || row.to == callIdle || row.to == callEstablished {
				continue
			}
			if _, ok := callStep(r, row.to, callTimeout); !ok {
				t.Errorf("role %d waits for ever in %v", r, row.to)
			}
		}
	}
	for _, row := range controlTable {
		if row.to == StateClosed {
			continue
		}
		if _, ok := controlStep(row.originate, row.to, inTimeout); !ok {
			t.Errorf("originate %v waits for ever in %v", row.originate, row.to)
		}
	}
}

package rtnl

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// reply is a message for the exchange that tests use: sequence 7, port 9.
func reply(typ, flags uint16, payload []byte) []byte {
	return message(header{typ, flags, 7, 9}, payload)
}

// refusal is a struct nlmsgerr with extended acknowledgement.
func refusal(errno unix.Errno, echo []byte, text string) []byte {
	b := native.AppendUint32(nil, uint32(-int32(errno)))
	b = append(b, echo...)
	return body(b).attr(unix.NLMSGERR_ATTR_MSG, append([]byte(text), 0)...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestExchange(t *testing.T) {
	request := message(header{unix.RTM_NEWROUTE, unix.NLM_F_REQUEST, 7, 9}, make([]byte, 20))
	route := reply(unix.RTM_NEWROUTE, unix.NLM_F_MULTI, []byte("abcd"))
	done := reply(unix.NLMSG_DONE, unix.NLM_F_MULTI, make([]byte, 4))
	for name, c := range map[string]struct {
		in          []byte
		done        bool
		seen        string
		interrupted bool
		err         string
	}{
		"nothing":                {in: nil},
		"acknowledgement":        {in: reply(unix.NLMSG_ERROR, unix.NLM_F_CAPPED, join(make([]byte, 4), request[:16])), done: true},
		"refusal":                {in: reply(unix.NLMSG_ERROR, 0, join(native.AppendUint32(nil, ^uint32(16)), request)), done: true, err: "file exists"},
		"refusal with reason":    {in: reply(unix.NLMSG_ERROR, unix.NLM_F_CAPPED|unix.NLM_F_ACK_TLVS, refusal(unix.EINVAL, request[:16], "why")), done: true, err: "invalid argument: why"},
		"the same, not capped":   {in: reply(unix.NLMSG_ERROR, unix.NLM_F_ACK_TLVS, refusal(unix.EINVAL, request, "why")), done: true, err: "invalid argument: why"},
		"part of a dump":         {in: join(route, route), seen: "abcdabcd"},
		"a dump":                 {in: join(route, done), done: true, seen: "abcd"},
		"an old kernel's end":    {in: reply(unix.NLMSG_DONE, unix.NLM_F_MULTI, nil), done: true},
		"a dump that fails":      {in: reply(unix.NLMSG_DONE, unix.NLM_F_MULTI|unix.NLM_F_ACK_TLVS, refusal(unix.ENOENT, nil, "no table")), done: true, err: "no such file or directory: no table"},
		"interrupted":            {in: join(reply(unix.RTM_NEWROUTE, unix.NLM_F_MULTI|unix.NLM_F_DUMP_INTR, []byte("abcd")), done), done: true, seen: "abcd", interrupted: true},
		"interrupted at its end": {in: join(route, reply(unix.NLMSG_DONE, unix.NLM_F_MULTI|unix.NLM_F_DUMP_INTR, make([]byte, 4))), done: true, seen: "abcd", interrupted: true},
		"one thing":              {in: reply(unix.RTM_NEWLINK, 0, []byte("wxyz")), done: true, seen: "wxyz"},
		"someone else's":         {in: join(message(header{unix.NLMSG_ERROR, 0, 7, 8}, refusal(unix.EPERM, request, "")), message(header{unix.NLMSG_ERROR, 0, 6, 9}, refusal(unix.EPERM, request, ""))), done: false},
		"after a late one":       {in: join(message(header{unix.RTM_NEWLINK, 0, 6, 9}, []byte("late")), route, done), done: true, seen: "abcd"},
		"nothing to do":          {in: join(reply(unix.NLMSG_NOOP, 0, nil), done), done: true},
		"overrun":                {in: reply(unix.NLMSG_OVERRUN, 0, nil), done: true, err: "no buffer space available"},
		"a piece of a header":    {in: route[:9], done: true, err: errMalformed.Error()},
		"a lying length":         {in: route[:18], done: true, err: errMalformed.Error()},
		"a length of nothing":    {in: join(make([]byte, 16)), done: true, err: errMalformed.Error()},
		"a piece of an error":    {in: reply(unix.NLMSG_ERROR, 0, []byte{1, 2}), done: true, err: errMalformed.Error()},
	} {
		var seen []byte
		x := exchange{seq: 7, port: 9, each: func(b []byte) { seen = append(seen, b...) }}
		got, err := x.input(c.in)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != c.done || string(seen) != c.seen || x.interrupted != c.interrupted || text != c.err {
			t.Errorf("%s: done %v, %q, interrupted %v, error %q; want %+v", name, got, seen, x.interrupted, text, c)
		}
	}
	// Where only an acknowledgement is awaited, nothing else ends it.
	x := exchange{seq: 7, port: 9}
	if done, err := x.input(reply(unix.RTM_NEWLINK, 0, []byte("wxyz"))); done || err != nil {
		t.Errorf("a change ends with a message: %v, %v", done, err)
	}
	if _, err := x.input(reply(unix.NLMSG_ERROR, 0, refusal(unix.EEXIST, request, ""))); !errors.Is(err, unix.EEXIST) {
		t.Errorf("%v is not EEXIST", err)
	}
}

func TestUntilWhole(t *testing.T) {
	for fails, want := range map[int]error{0: nil, 1: nil, dumpTries - 1: nil, dumpTries: errChanges} {
		tries, anew := 0, 0
		err := untilWhole(func() { anew++ }, func() (bool, error) { tries++; return tries <= fails, nil })
		if err != want || anew != fails || tries != min(fails+1, dumpTries) {
			t.Errorf("%d interruptions: %d tries, %d times anew, %v", fails, tries, anew, err)
		}
	}
	if err := untilWhole(func() { t.Error("anew after an error") }, func() (bool, error) { return true, unix.EPERM }); err != unix.EPERM {
		t.Errorf("%v", err)
	}
}

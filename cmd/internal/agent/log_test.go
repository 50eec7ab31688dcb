package agent

import (
	"fmt"
	"testing"

	"dun/dialup/cause"
)

// TestLog: the last events, in order, of many and of few; and who asks for a
// trial where nobody looks after one is told so.
func TestLog(t *testing.T) {
	c, dir := open(t)
	client, err := Connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if list, err := client.Log(10); err != nil || len(list) != 0 {
		t.Errorf("before anything: %v, %v", list, err)
	}
	for i := range storyLength + 5 {
		c.agent.emitText("x", "event %d", i)
	}
	c.agent.events.send(Event{Entry: "x", Text: "a detail", Detail: true})
	for _, n := range []int{1, 3, storyLength, 10 * storyLength} {
		list, err := client.Log(n)
		want := min(n, storyLength)
		if err != nil || len(list) != want {
			t.Fatalf("of %d there are %d, %v", n, len(list), err)
		}
		for i, ev := range list {
			if text := fmt.Sprintf("event %d", storyLength+5-want+i); ev.Text != text {
				t.Fatalf("the %dth of %d is %q, want %q", i, n, ev.Text, text)
			}
		}
	}
	if _, err := client.Log(0); err == nil {
		t.Error("none can be asked for")
	}
	if err := client.Trial(); cause.Of(err) != cause.Usage {
		t.Errorf("a trial: %v", err)
	}
	asked := false
	c.agent.cfg.Trial = func() { asked = true }
	if err := client.Trial(); err != nil || !asked {
		t.Errorf("a trial: %v, %v", err, asked)
	}
}

package agent

import (
	"slices"
	"sync"

	"dun/dialup"
	"dun/dialup/cause"
)

// captures are those of an agent, and the connections that they may see.
type captures struct {
	mu     sync.Mutex
	all    []*Capture
	links  map[*dialup.Connection]string // by their entry
	closed bool
}

// add begins a capture.
func (s *captures) add(c *Capture) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if len(s.all) >= maxCaptures {
		return cause.New(cause.Usage, "%d captures run already, which is the most; end one", len(s.all))
	}
	s.all = append(s.all, c)
	s.tapLocked(c)
	return nil
}

// remove forgets a capture.
func (s *captures) remove(c *Capture) {
	c.Finish()
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.all, c); i >= 0 {
		s.all = slices.Delete(s.all, i, i+1)
		s.tapLocked(c)
	}
}

// tapLocked has the links that a capture wants show themselves to all captures
// that want them. No packet loop ever waits for mu.
func (s *captures) tapLocked(c *Capture) {
	for conn, entry := range s.links {
		if c.wants(entry) {
			s.tapLinkLocked(conn, entry)
		}
	}
}

func (s *captures) tapLinkLocked(conn *dialup.Connection, entry string) {
	t := &tap{entry: entry}
	for _, c := range s.all {
		if c.wants(entry) {
			t.captures = append(t.captures, c)
		}
	}
	if len(t.captures) == 0 {
		conn.SetTap(nil)
		return
	}
	conn.SetTap(t)
}

// begins tells of a connection that is about to run.
func (s *captures) begins(conn *dialup.Connection, entry string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.links == nil {
		s.links = make(map[*dialup.Connection]string)
	}
	s.links[conn] = entry
	if len(s.all) > 0 {
		s.tapLinkLocked(conn, entry)
	}
}

// ends tells that it has.
func (s *captures) ends(conn *dialup.Connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links, conn)
}

// over finishes the captures of an entry that is not dialed again.
func (s *captures) over(entry string) {
	s.each(entry, func(c *Capture) {
		if c.entry == entry {
			c.Finish()
		}
	})
}

// close finishes them all.
func (s *captures) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, c := range s.all {
		c.Finish()
	}
}

func (s *captures) none() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all) == 0
}

// each calls f for every capture that wants what is of entry.
func (s *captures) each(entry string, f func(*Capture)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.all {
		if c.wants(entry) {
			f(c)
		}
	}
}

package path

import "time"

// deadlines is a heap: links that have a deadline, the earliest first. Each
// link knows its place (Link.place, counted from 1), so that a change costs a
// few comparisons however many links there are.
type deadlines []*Link

// next is the earliest deadline.
func (d deadlines) next() (t time.Time, ok bool) {
	if len(d) == 0 {
		return time.Time{}, false
	}
	return d[0].deadline, true
}

// due takes out a link whose deadline has come; nil when there is none. Its
// next deadline is to be set again.
func (d *deadlines) due(now time.Time) *Link {
	if len(*d) == 0 || now.Before((*d)[0].deadline) {
		return nil
	}
	l := (*d)[0]
	d.remove(l)
	return l
}

// set gives l a deadline; the zero time takes it out.
func (d *deadlines) set(l *Link, t time.Time) {
	if t.IsZero() {
		d.remove(l)
		return
	}
	l.deadline = t
	if l.place == 0 {
		*d = append(*d, l)
		l.place = len(*d)
	}
	d.restore(l.place - 1)
}

// remove takes l out; harmless when it is not in.
func (d *deadlines) remove(l *Link) {
	if l.place == 0 {
		return
	}
	i, last := l.place-1, len(*d)-1
	l.place = 0
	moved := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	if i < last {
		d.put(i, moved)
		d.restore(i)
	}
}

func (d deadlines) put(i int, l *Link) {
	d[i] = l
	l.place = i + 1
}

// restore moves the link at i to where it belongs.
func (d deadlines) restore(i int) {
	l := d[i]
	for i > 0 {
		up := (i - 1) / 2
		if !l.deadline.Before(d[up].deadline) {
			break
		}
		d.put(i, d[up])
		i = up
	}
	for {
		down := 2*i + 1
		if down+1 < len(d) && d[down+1].deadline.Before(d[down].deadline) {
			down++
		}
		if down >= len(d) || !d[down].deadline.Before(l.deadline) {
			break
		}
		d.put(i, d[down])
		i = down
	}
	d.put(i, l)
}

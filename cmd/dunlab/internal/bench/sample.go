package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Sample is one measurement of one tunnel.
type Sample struct {
	Tunnel  string  `json:"tunnel"`
	Load    string  `json:"load"`
	Round   int     `json:"round"`
	Seconds float64 `json:"seconds"`

	Octets  uint64 `json:"octets,omitempty"`  // delivered, TCP
	Sent    uint64 `json:"sent,omitempty"`    // packets, UDP
	Packets uint64 `json:"packets,omitempty"` // delivered, UDP

	// Processor time in seconds.
	Ends     float64 `json:"ends,omitempty"`     // of the tunnel's own processes, both ends
	System   float64 `json:"system,omitempty"`   // of the whole machine, by the kernel's account
	Switches uint64  `json:"switches,omitempty"` // from one thread to another, of the whole machine

	Guest *Guest `json:"guest,omitempty"` // what a guest measures in place of System

	P50  float64 `json:"p50,omitempty"` // round trip in ms
	P99  float64 `json:"p99,omitempty"`
	Lost int     `json:"lost,omitempty"` // echoes

	Memory float64 `json:"memory,omitempty"` // anonymous, in KiB

	Status string `json:"status,omitempty"` // what the tunnel says of itself
	Error  string `json:"error,omitempty"`
}

// Line is the sample for a person.
func (s Sample) Line() string {
	l := fmt.Sprintf("%-18s %-9s %d ", s.Tunnel, s.Load, s.Round)
	if s.Error != "" {
		return l + "failed: " + s.Error
	}
	switch {
	case s.Status != "":
		return l + s.Status
	case s.Octets > 0:
		l += fmt.Sprintf(" %7.1f Mbit/s", s.Mbits())
		if s.Ends > 0 {
			l += fmt.Sprintf("  both ends %6.2f CPU-s/GB", s.EndsPerGB())
		}
		if s.System > 0 {
			l += fmt.Sprintf("  machine %6.2f CPU-s/GB", s.SystemPerGB())
		}
		l += fmt.Sprintf("  %.2f switches/packet", float64(s.Switches)/(float64(s.Octets)/tunnelMTU))
	case s.Packets > 0:
		l += fmt.Sprintf(" %6.0f packets/s of %6.0f", float64(s.Packets)/s.Seconds, float64(s.Sent)/s.Seconds)
		if s.Ends > 0 {
			l += fmt.Sprintf("  both ends %6.2f us/packet", s.EndsPerPacket())
		}
		if s.System > 0 {
			l += fmt.Sprintf("  machine %6.2f us/packet", s.SystemPerPacket())
		}
		if s.Guest != nil {
			l += fmt.Sprintf("  processor %6.2f us/packet", s.BusyPerPacket())
		}
		l += fmt.Sprintf("  %.2f switches/packet", float64(s.Switches)/float64(s.Packets))
	}
	if s.Guest != nil && s.Guest.Processor > 0 {
		l += fmt.Sprintf("  (given %.0f %% of a processor, idle %.0f %% of that)", 100*s.Guest.Processor/s.Seconds, 100*(1-s.Guest.busy()/s.Guest.Processor))
	}
	if s.Memory > 0 {
		l += fmt.Sprintf("  anonymous memory %.0f KiB", s.Memory)
	}
	if s.P99 > 0 {
		l += fmt.Sprintf("  ping p50 %.2f p99 %.2f ms, %d lost", s.P50, s.P99, s.Lost)
	}
	return l
}

// Mbits is what TCP delivered, in Mbit/s; in a guest, in Mbit for each second
// of its processor, however busy the machine below was.
func (s Sample) Mbits() float64 { return float64(s.Octets) * 8 / 1e6 / s.time() }

func (s Sample) time() float64 {
	if s.Guest != nil && s.Guest.Processor > 0 {
		return s.Guest.Processor
	}
	return s.Seconds
}

// EndsPerGB is the processor time of the tunnel's processes in s/GB.
func (s Sample) EndsPerGB() float64 { return s.Ends / float64(s.Octets) * 1e9 }

// SystemPerGB is the processor time of the machine in s/GB.
func (s Sample) SystemPerGB() float64 { return s.System / float64(s.Octets) * 1e9 }

// EndsPerPacket is the processor time of the tunnel's processes for a
// delivered packet, in microseconds.
func (s Sample) EndsPerPacket() float64 { return s.Ends / float64(s.Packets) * 1e6 }

// SystemPerPacket is the same of the machine.
func (s Sample) SystemPerPacket() float64 { return s.System / float64(s.Packets) * 1e6 }

// BusyPerPacket is the time of a guest's processor for a delivered packet, in
// microseconds.
func (s Sample) BusyPerPacket() float64 {
	if s.Guest == nil {
		return 0
	}
	return s.Guest.busy() / float64(s.Packets) * 1e6
}

// starved tells of a sample for which a guest had less than half of a
// processor: what it measured is how the machine below schedules.
func (s Sample) starved() bool {
	return s.Guest != nil && s.Guest.Processor < s.Seconds/2
}

// Select gives what get says of the good samples of a tunnel and a load, by
// round.
func Select(all []Sample, tunnel, load string, get func(Sample) float64) map[int]float64 {
	m := map[int]float64{}
	for _, s := range all {
		if s.Tunnel == tunnel && s.Load == load && s.Error == "" && !s.starved() {
			m[s.Round] = get(s)
		}
	}
	return m
}

// ParseSamples reads the samples out of what a guest printed; other lines
// are left alone.
func ParseSamples(console []byte) ([]Sample, error) {
	var all []Sample
	in := bufio.NewScanner(bytes.NewReader(console))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		_, text, ok := bytes.Cut(in.Bytes(), []byte(sampleWord))
		if !ok {
			continue
		}
		var s Sample
		if err := json.Unmarshal(bytes.TrimRight(text, "\r"), &s); err != nil {
			return all, fmt.Errorf("%s%s: %w", sampleWord, text, err)
		}
		all = append(all, s)
	}
	return all, in.Err()
}

// sampleWord stands before a sample on a guest's console.
const sampleWord = "DUNLAB-SAMPLE "

// Median of values; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	if len(s)%2 == 1 {
		return s[len(s)/2]
	}
	return (s[len(s)/2-1] + s[len(s)/2]) / 2
}

package line

// Mode is what a line is read for.
type Mode uint8

const (
	Edit   Mode = iota // commands: history, completion, '?'
	Plain              // text that is pasted: Tab and '?' are text
	Hidden             // passwords: as Plain, and nothing is shown
	Silent             // nobody types: as Plain, not even the prompt, and no key edits
)

// Kind is what happened.
type Kind uint8

const (
	Line      Kind = iota // Enter
	Noise                 // Enter behind a line that cannot have been meant so
	TooLong               // Enter behind a line of more than MaxLine characters
	Interrupt             // Ctrl-C, or a break
	End                   // Ctrl-D in an empty line
	Complete              // Tab
	Help                  // '?'
)

// Event is something to act on. After Line, Noise, TooLong, Interrupt and End
// the next line waits for Begin; after Complete and Help this one goes on.
type Event struct {
	Kind Kind
	// Text is the line; with Complete and Help what is left of the cursor.
	Text string
}

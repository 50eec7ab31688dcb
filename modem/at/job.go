package at

// Job is what a Machine is opened for; one of the types below.
type Job interface {
	steps(p *Profile) ([]step, error)
}

// Dial brings the modem into command state, sends the init strings, and dials.
type Dial struct{ Number string }

// Answer brings the modem into command state, sends the init strings, waits
// for as long as it takes, and answers at the given RING (0 = the first).
type Answer struct{ Rings int }

// HangUp ends a call. Online says that the modem is in online data state, so
// that the escape sequence goes first; without it ATH is tried at once and the
// escape sequence only when the modem does not answer.
type HangUp struct{ Online bool }

// Command runs one command line, with its AT, and gives one Answered.
type Command struct{ Line string }

// Probe asks the modem what it is: one Answered for each question, refused
// ones too.
type Probe struct{}

// questions are Probe's: ITU-T V.250 section 6.1.3 to 6.1.9, and the I
// commands, whose meaning is each maker's own.
var questions = [...]string{"ATI", "ATI3", "AT+GMI", "AT+GMM", "AT+GMR", "AT+GCAP", "AT+FCLASS=?"}

type stepKind uint8

const (
	stepSync      stepKind = iota // AT until OK, escape sequence if need be
	stepInit                      // a command that must succeed
	stepAsk                       // a command whose answer is reported, whatever it is
	stepDial                      // the last dial command: CONNECT or a reason
	stepDialMore                  // a dial command that ends with ";": OK
	stepRing                      // wait for RING
	stepAnswer                    // CONNECT or a reason
	stepEscape                    // "+++" between silences
	stepHangUpTry                 // ATH; when nothing is answered another escape and stepHangUp
	stepHangUp                    // ATH, the last try
)

// step is one exchange of a job.
type step struct {
	kind  stepKind
	text  string
	rings int
}

func (j Dial) steps(p *Profile) ([]step, error) {
	steps, err := p.initSteps()
	if err != nil {
		return nil, err
	}
	lines, err := p.dialLines(j.Number)
	if err != nil {
		return nil, err
	}
	for i, l := range lines {
		kind := stepDialMore
		if i == len(lines)-1 {
			kind = stepDial
		}
		steps = append(steps, step{kind: kind, text: l})
	}
	return steps, nil
}

func (j Answer) steps(p *Profile) ([]step, error) {
	steps, err := p.initSteps()
	if err != nil {
		return nil, err
	}
	if err := validLine(p.Answer); err != nil {
		return nil, err
	}
	return append(steps, step{kind: stepRing, rings: max(j.Rings, 1)}, step{kind: stepAnswer, text: p.Answer}), nil
}

func (j HangUp) steps(p *Profile) ([]step, error) {
	if err := validLine(p.HangUp); err != nil {
		return nil, err
	}
	if j.Online {
		return []step{{kind: stepEscape}, {kind: stepHangUpTry, text: p.HangUp}}, nil
	}
	return []step{{kind: stepHangUpTry, text: p.HangUp}}, nil
}

func (j Command) steps(*Profile) ([]step, error) {
	if err := validLine(j.Line); err != nil {
		return nil, err
	}
	return []step{{kind: stepSync}, {kind: stepAsk, text: j.Line}}, nil
}

func (j Probe) steps(*Profile) ([]step, error) {
	steps := []step{{kind: stepSync}}
	for _, q := range questions {
		steps = append(steps, step{kind: stepAsk, text: q})
	}
	return steps, nil
}

func (p *Profile) initSteps() ([]step, error) {
	steps := []step{{kind: stepSync}}
	for _, s := range p.Init {
		if err := validLine(s); err != nil {
			return nil, err
		}
		steps = append(steps, step{kind: stepInit, text: s})
	}
	return steps, nil
}

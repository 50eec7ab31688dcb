package ppp

// A Secret never shows itself where something that holds it is printed.

func (Secret) String() string               { return "(hidden)" }
func (Secret) GoString() string             { return "(hidden)" }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"(hidden)"`), nil }

package interop

import "slices"

// Cases are all cases, in the order of running.
func Cases() []Case {
	return slices.Concat(peerCases, ispCases, pptpdCases, chainCases, serveCases, fallbackCases, netemCases, agentCases, besideCases, captureCases, timingCases)
}

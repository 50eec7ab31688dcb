package cause

// The order is no promise; the names are.
const (
	None     Cause = iota
	Internal       // a fault of our own, or of the system, that nothing else names

	// What a person asked for, or a limit that was set.
	UserRequest
	Cancelled
	IdleTimeout
	TimeLimit
	BadConfig
	Usage
	NoEntry
	NotConnected
	AlreadyUp
	PasswordMissing
	RuntimeInUse
	AgentUnreachable
	ConfigInUse
	NotSaved
	FileFault

	// The machine.
	NoPermission
	NoTUN
	NetworkSetup
	InterfaceLost
	OutOfBuffers

	// The modem and the telephone line.
	PortMissing
	PortBusy
	PortFault
	ModemSilent
	ModemError
	ModemInit
	NoDialTone
	Busy
	NoAnswer
	NoCarrier
	Delayed
	Blacklisted
	DialTimeout
	CarrierLost

	// PPP.
	LCPTimeout
	LCPFailed
	Loopback
	PeerHangup
	EchoTimeout
	AuthTimeout
	AuthFailed
	AuthRefused
	AccountDisabled
	AccountHours
	PasswordExpired
	NoDialInRight
	PeerAuthFailed
	PeerNotAuthentic
	NoNetworkProtocol
	IPCPTimeout
	AddressRefused
	EncryptionRefused
	EncryptionLost
	EncryptionTimeout
	EncryptionKeys

	// The tunnel.
	NameNotFound
	HostUnreachable
	ConnectRefused
	ConnectTimeout
	ControlTimeout
	ControlLost
	ControlProtocol
	CallRefused
	CallTimeout
	CallCleared
	NoGRE
	ServerFull
	LowerLinkDown
)

var table = [...]Info{
	None:             {"none", "Nothing went wrong.", "", 0, 0, RetryNever},
	Internal:         {"internal", "An unexpected error occurred.", "Run again with --debug and report what it prints.", 0, 1, RetryNext},
	UserRequest:      {"user-request", "The connection was hung up on request.", "", 631, 5, RetryNever},
	Cancelled:        {"cancelled", "The call was cancelled before it was up.", "", 703, 5, RetryNever},
	IdleTimeout:      {"idle", "The connection was idle for longer than the entry allows.", "Raise or remove 'idle' in the entry.", 828, 12, RetryNever},
	TimeLimit:        {"time-limit", "The connection reached its time limit.", "Raise or remove the entry's time limit.", 0, 13, RetryNever},
	BadConfig:        {"bad-config", "The configuration is wrong.", "Correct the place that is named; 'dun phonebook check' lists every mistake.", 610, 2, RetryNever},
	Usage:            {"usage", "The command line is wrong.", "'dun help' lists the commands, 'dun COMMAND --help' explains one.", 0, 2, RetryNever},
	NoEntry:          {"no-entry", "The phonebook has no such entry.", "'dun phonebook list' shows the entries.", 623, 2, RetryNever},
	NotConnected:     {"not-connected", "The entry is not connected.", "'dun status' shows what is.", 606, 1, RetryNever},
	AlreadyUp:        {"already-up", "The entry is already connected or connecting.", "'dun status' shows it; 'dun hangup' ends it.", 756, 6, RetryNever},
	PasswordMissing:  {"password-missing", "The entry needs a password and none is stored.", "Put it into secrets.toml, or dial on a terminal to be asked.", 691, 2, RetryNever},
	RuntimeInUse:     {"runtime-in-use", "Another dun owns this runtime directory.", "Use it through its socket, or give this one a directory of its own with --runtime.", 756, 6, RetryNever},
	AgentUnreachable: {"agent-unreachable", "No running dun answers on the control socket.", "Nothing is connected here; a dun with another --runtime has its own socket.", 711, 1, RetryNever},
	ConfigInUse:      {"config-in-use", "Somebody else is changing the configuration.", "Do it again when that is done.", 0, 6, RetryNever},
	NotSaved:         {"not-saved", "The configuration could not be saved; it is as it was.", "Make room where it is, or see that it may be written there.", 0, 1, RetryNever},
	FileFault:        {"file-fault", "A file that the command writes or reads failed.", "Check its name, its rights, and the room where it is.", 0, 1, RetryNever},

	NoPermission:  {"no-permission", "The system refused permission.", "Run as root or with CAP_NET_ADMIN and CAP_NET_RAW.", 5, 3, RetryNever},
	NoTUN:         {"no-tun", "The TUN device cannot be opened.", "Load the tun module (modprobe tun) and check /dev/net/tun.", 0, 4, RetryNever},
	NetworkSetup:  {"network-setup", "The network interface could not be set up.", "'dun doctor' shows what is missing.", 0, 1, RetryNext},
	InterfaceLost: {"interface-lost", "Another program removed the network interface.", "Find out which: NetworkManager, a script, 'ip link delete'.", 0, 1, RetryAtOnce},
	OutOfBuffers:  {"out-of-buffers", "A limit on pending work was exceeded by the peer.", "The peer misbehaves; run with --debug to see what it sends.", 0, 1, RetryNext},

	PortMissing: {"port-missing", "The modem's port cannot be opened.", "Check 'port' in device.toml and that the device is plugged in.", 692, 7, RetryNext},
	PortBusy:    {"port-busy", "The modem's port is in use by another program.", "End that program, or wait until it is done.", 633, 6, RetryNext},
	PortFault:   {"port-fault", "The modem's port failed.", "Check the cable and the adapter.", 692, 7, RetryNext},
	ModemSilent: {"modem-silent", "The modem does not answer.", "Check power, cable, speed and 'port' in device.toml; try 'dun modem probe'.", 692, 8, RetryNext},
	ModemError:  {"modem-error", "The modem reported an error.", "Check the init strings and the number; 'dun modem at' talks to the modem.", 651, 8, RetryNext},
	ModemInit:   {"modem-init", "The modem refused an init string.", "Correct 'init' of the modem in device.toml.", 651, 18, RetryNext},
	NoDialTone:  {"no-dialtone", "There is no dial tone.", "Check the telephone line; blind dialing (X3) ignores the tone.", 680, 8, RetryNext},
	Busy:        {"busy", "The line is busy.", "Dial again later or give a second number.", 676, 8, RetryNext},
	NoAnswer:    {"no-answer", "The called number does not answer.", "Check the number; dial again later.", 678, 8, RetryNext},
	NoCarrier:   {"no-carrier", "The call was not answered by a modem.", "Check the number; line noise and voice answers end like this too.", 678, 8, RetryNext},
	Delayed:     {"delayed", "The modem delays further calls to this number.", "The modem's redial lock is active; wait, or dial another number.", 676, 8, RetryNext},
	Blacklisted: {"blacklisted", "The modem refuses further calls to this number.", "Power-cycle the modem to clear its list; check the number.", 651, 8, RetryNext},
	DialTimeout: {"dial-timeout", "The call was not set up in time.", "Raise 'dial-timeout' in device.toml if the exchange is slow.", 678, 8, RetryNext},
	CarrierLost: {"carrier-lost", "The carrier was lost.", "", 628, 16, RetryAtOnce},

	LCPTimeout:        {"lcp-timeout", "The peer does not answer with PPP.", "It may want a login script, or another number leads to the PPP ports.", 718, 10, RetryNext},
	LCPFailed:         {"lcp-failed", "The link parameters could not be agreed on.", "Run with --debug to see which option the peer insists on.", 734, 10, RetryNext},
	Loopback:          {"loopback", "The line echoes what we send.", "The modem is in command mode or the far end is a terminal, not PPP.", 718, 17, RetryNext},
	PeerHangup:        {"peer-hangup", "The remote side ended the connection.", "", 629, 16, RetryAtOnce},
	EchoTimeout:       {"echo-timeout", "The peer stopped answering.", "", 718, 15, RetryAtOnce},
	AuthTimeout:       {"auth-timeout", "The log-in was not answered in time.", "The server's user database may be down.", 718, 10, RetryNext},
	AuthFailed:        {"auth-failed", "User name or password is wrong.", "Correct them in the entry; some servers want DOMAIN\\user.", 691, 19, RetryNever},
	AuthRefused:       {"auth-refused", "No way of logging in suits both sides.", "Compare the entry's 'auth' with what the server asks for.", 919, 10, RetryNever},
	AccountDisabled:   {"account-disabled", "The account is disabled.", "Ask the server's administrator.", 647, 19, RetryNever},
	AccountHours:      {"account-hours", "The account may not log in at this time.", "Ask the server's administrator for other hours.", 646, 19, RetryNext},
	PasswordExpired:   {"password-expired", "The password has expired.", "Change it at the server; dun cannot change it.", 648, 19, RetryNever},
	NoDialInRight:     {"no-dial-in-right", "The account may not dial in.", "Ask the server's administrator for dial-in permission.", 649, 19, RetryNever},
	PeerAuthFailed:    {"peer-auth-failed", "The caller could not be authenticated.", "Check the caller's user name and password in secrets.toml.", 691, 11, RetryNext},
	PeerNotAuthentic:  {"peer-not-authentic", "The server could not prove that it knows the password.", "This may not be the server you mean; do not send it the password by other ways.", 691, 11, RetryNever},
	NoNetworkProtocol: {"no-network-protocol", "The peer accepts no network protocol.", "The server gives no address to this account, or wants encryption first.", 720, 10, RetryNext},
	IPCPTimeout:       {"ipcp-timeout", "No address was agreed on in time.", "The server may have no free address.", 720, 10, RetryNext},
	AddressRefused:    {"address-refused", "The peer insists on an address that the entry does not allow.", "Remove 'address' from the entry or correct it.", 735, 10, RetryNever},
	EncryptionRefused: {"encryption-refused", "The peer cannot give the encryption that is required.", "Compare 'encryption' and 'mppe' with the server's settings; MPPE needs MS-CHAP.", 741, 10, RetryNever},
	EncryptionLost:    {"encryption-lost", "The peer dropped the encryption.", "The link was ended so that nothing goes out in clear.", 742, 10, RetryNext},
	EncryptionTimeout: {"encryption-timeout", "Encryption was not agreed on in time.", "The server may have MPPE switched off.", 741, 10, RetryNext},
	EncryptionKeys:    {"encryption-keys", "What the peer sends cannot be decrypted.", "The keys differ; with RADIUS the server's MPPE keys are often wrong.", 742, 10, RetryNext},

	NameNotFound:    {"name-not-found", "The server's name cannot be found.", "Check 'host' and the name servers of the link below.", 868, 9, RetryNext},
	HostUnreachable: {"host-unreachable", "The server cannot be reached.", "Check the network below the tunnel and 'host'.", 800, 9, RetryNext},
	ConnectRefused:  {"connect-refused", "The server refuses connections to TCP port 1723.", "PPTP is not running there, or a firewall answers for it.", 800, 9, RetryNext},
	ConnectTimeout:  {"connect-timeout", "The server does not answer on TCP port 1723.", "Check 'host' and firewalls on the way.", 800, 9, RetryNext},
	ControlTimeout:  {"control-timeout", "The PPTP server stopped answering.", "", 807, 15, RetryAtOnce},
	ControlLost:     {"control-lost", "The PPTP control connection was lost.", "", 807, 16, RetryAtOnce},
	ControlProtocol: {"control-protocol", "The peer does not speak proper PPTP.", "Check that 'host' is a PPTP server; run with --debug.", 806, 10, RetryNext},
	CallRefused:     {"call-refused", "The PPTP server refused the call.", "The server may be full or want another protocol.", 800, 9, RetryNext},
	CallTimeout:     {"call-timeout", "The PPTP server did not answer the call.", "", 800, 9, RetryNext},
	CallCleared:     {"call-cleared", "The PPTP server ended the call.", "", 629, 16, RetryAtOnce},
	NoGRE:           {"no-gre", "TCP port 1723 answers but no GRE packet came back.", "A firewall or NAT on the way drops GRE (IP protocol 47); allow it, or load the PPTP conntrack helper.", 721, 10, RetryNext},
	ServerFull:      {"server-full", "The server has no room for another call.", "Raise 'max-calls' or the pool in server.toml.", 676, 1, RetryNext},
	LowerLinkDown:   {"lower-link-down", "The connection below the tunnel is down.", "", 807, 16, RetryAtOnce},
}

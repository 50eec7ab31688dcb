package foreign

import "strings"

// pppd's files: peers files, options files that they include, and the secrets
// of chap-secrets and pap-secrets, which are found by the user's name.

// usualOptions are those by which a file is known for one of pppd's.
const usualOptions = "noauth pty connect user name lock defaultroute usepeerdns remotename require-mppe require-mppe-128 refuse-eap call file nodetach persist noipdefault plugin mtu mru refuse-pap refuse-chap refuse-mschap nobsdcomp nodeflate lcp-echo-interval"

// pppdTable has "/" behind options with an argument. Those that lose nothing ask for what dun
// does, or are about pppd itself.
const pppdTable = `
lock=- nolock=- nodetach=- updetach=- detach=- -detach=- debug=- nodebug=- dump=- nodump=- crtscts=- modem=- noauth=- novj=- novjccomp=- -vj=- -vjccomp=-
nobsdcomp=- -bsdcomp=- nodeflate=- -deflate=- nopcomp=- noaccomp=- -pc=- -ac=- nomagic=- noipdefault=- noipx=- hide-password=- noproxyarp=- nopersist=-
default-asyncmap=- ipcp-accept-local=- ipcp-accept-remote=- replacedefaultroute=- noreplacedefaultroute=- nodefaultroute=- nodefaultroute6=-
defaultroute6=- lcp-echo-adaptive=- noipv6=- nomp=- nomultilink=- noendpoint=- refuse-eap=- usehostname=- sync=- silent=- passive=- noktune=- nopredictor1=-
nologfd=- show-options=- nompshortseq=- usepeerwins=- nomppe-stateful=-
logfile/=- logfd/=- kdebug/=- linkname/=- ipparam/=- record/=- pptp_client/=- pptp_phone/=- privgroup/=- child-timeout/=- lcp-rtt-file/=-
persist=!1 maxfail/=!1 holdoff/=!1 active-filter/=!16 pass-filter/=!16
connect-delay/=!0 lcp-restart/=!0 lcp-max-configure/=!0 lcp-max-failure/=!0 lcp-max-terminate/=!0 ipcp-restart/=!0 ipcp-max-configure/=!0 ipcp-max-failure/=!0
ipcp-max-terminate/=!0 pap-restart/=!0 pap-max-authreq/=!0 pap-timeout/=!0 chap-restart/=!0 chap-max-challenge/=!0 chap-interval/=!0 chap-timeout/=!0 bsdcomp/=!0
deflate/=!0 predictor1=!0 vj-max-slots/=!0 escape/=!0 receive-all=!0 mrru/=!0 endpoint/=!0 bundle/=!0 multilink=!5 mp=!5 mpshortseq=!5 ktune=!0 max-data-rate/=!0
proxyarp=!12 auth=!12 login=!12 require-pap=!12 require-chap=!12 require-mschap=!12 require-mschap-v2=!12 require-eap=!4 +pap=!12 +chap=!12 allow-ip/=!12
allow-number/=!12 ms-dns/=!12 ms-wins/=!12 disconnect/=!2 init/=!2 welcome/=!2 ip-up-script/=!2 ip-down-script/=!2 ipv6-up-script/=!2 ipv6-down-script/=!2
ip-pre-up-script/=!2 domain/=!0 ipv6/=!0 netmask/=!0 defaultroute-metric/=!0 defaultroute6-metric/=!0 path/=!0 set/=!0 unset/=!0 socket/=!0 ca/=!4 cert/=!4 key/=!4
crl/=!4 pkcs12/=!4 tls-verify-method/=!4 eap-restart/=!4 ipx-network/=!0 passwordfd/=!0 srp-interval/=!4
user/=user name/=name remotename/=remote-name password/=password mtu/=mtu mru/=mru lcp-echo-interval/=keepalive lcp-echo-failure/=keepalive-failures idle/=idle
maxconnect/=time-limit ifname/=interface unit/=unit speed/=speed pty/=pty connect/=connect plugin/=plugin pptp_server/=host call/=file file/=file mppe/=mppe
defaultroute=default-route usepeerdns=dns-peer +ipv6=six demand=on-demand
refuse-pap=+A -pap=+A refuse-chap=+B -chap=+B refuse-mschap=+C -mschap=+C refuse-mschap-v2=+D -mschap-v2=+D require-mppe=+E +mppe=+E require-mppe-128=+F
+mppe-128=+F require-mppe-56=+G require-mppe-40=+H +mppe-40=+H nomppe-40=+I -mppe-40=+I nomppe-128=+J -mppe-128=+J mppe-stateful=+K nomppe=+L -mppe=+L noccp=+L -ccp=+L
local=*carrier_=_"ignore" nocrtscts=*flow_=_"none" xonxoff=*flow_=_"none" cdtrcts=*flow_=_"none" asyncmap/=*accm_=_0x%:0,00000000 -am=-
`

// readPeer makes an entry of a peers file. One that is only included by others
// makes none.
func (r *reader) readPeer(f *textFile) {
	d := r.draft(&item{file: f.name, line: 1}, base(f.name))
	d.say(d.at, "default-route", "0")
	r.include(d, f, 0)
	tunnel := d.value("host") != ""
	if pty := d.get("pty"); pty != nil {
		if tunnel = r.pppdTunnel(d, pty); !tunnel {
			r.refuse(d, pty, noModemOrPPTP)
			return
		}
	}
	if connect := d.get("connect"); connect != nil && !tunnel {
		r.chat(d, connect)
	} else if !tunnel {
		if r.included(f) {
			r.drop(d)
		} else {
			r.refuse(d, &item{file: f.name}, noDial)
		}
		return
	}
	if d.get("dns-peer") == nil {
		d.say(d.at, "dns", "ignore")
	}
	if d.get("six") != nil {
		d.say(d.get("six"), "ipv6", "on")
	}
	if unit := d.get("unit"); unit != nil {
		d.say(unit, "interface", "ppp"+unit.value)
	}
	if m := d.get("mppe"); m != nil { // of another line of pppd: "required,stateless,no40"
		for i, word := range []string{"required", "no40", "no128"} {
			if strings.Contains(m.value, word) {
				d.flags |= letter("EIJ"[i])
			}
		}
		if !strings.Contains(m.value, "stateless") {
			d.flags |= letter('K')
		}
	}
	if d.has("FGH") {
		d.flags |= letter('E')
	}
	d.flags |= letter('N') // something is known of how to log in, if only that all is permitted
}

// included says whether another file names this one.
func (r *reader) included(f *textFile) bool {
	for _, other := range r.files {
		for i := range other.words {
			if i > 0 && one(words("call file"), other.words[i-1].text) && base(other.words[i].text) == base(f.name) {
				return true
			}
		}
	}
	return false
}

// include reads the options of a file, and of those that it includes.
func (r *reader) include(d *draft, f *textFile, depth int) {
	for i := 0; i < len(f.words) && len(d.said) < 1000; i++ {
		w := &f.words[i]
		it := &item{file: f.name, line: w.line, key: w.text, value: "1"}
		if _, takes := action(pppdTable, w.text+"/"); takes {
			it.as, it.value = w.text+"/", ""
			if i++; i < len(f.words) {
				it.value = f.words[i].text
			}
		} else if _, known := action(pppdTable, w.text); !known {
			r.pppdOther(d, it)
			continue
		}
		r.apply(d, pppdTable, it, unknown)
		if it.as != "call/" && it.as != "file/" || it.value == "" {
			continue
		}
		d.forget("file")
		other := r.file(it.value)
		if other == nil || depth > 8 {
			r.note(it, notRead, it.value)
			continue
		}
		r.include(d, other, depth+1)
	}
}

// file is one of those that were given, nil if it is not.
func (r *reader) file(name string) *textFile {
	for _, f := range r.files {
		if base(f.name) == base(name) {
			return f
		}
	}
	return nil
}

// pppdOther reads words that are no option's name: a port, a speed, addresses.
func (r *reader) pppdOther(d *draft, it *item) {
	w := it.key
	ours, theirs, pair := strings.Cut(w, ":")
	switch {
	case number(w):
		d.say(it, "speed", w)
	case strings.HasPrefix(w, "/"):
		d.say(it, "port", w)
	case strings.HasPrefix(w, "tty"):
		d.say(it, "port", "/dev/"+w)
	case pair:
		if ours != "" && ours != "0.0.0.0" {
			d.say(it, "address", ours)
		}
		if theirs != "" && theirs != "0.0.0.0" {
			d.say(it, "remote", theirs)
		}
	default:
		r.note(it, unknown, "")
	}
}

func number(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// program is a command line without what stands before the program, which is
// named.
func program(command, name string) ([]string, bool) {
	line := shellWords(command)
	if len(line) > 0 && line[0] == "exec" {
		line = line[1:]
	}
	if len(line) == 0 || base(line[0]) != name {
		return nil, false
	}
	return line[1:], true
}

// pppdTunnel reads pty "pptp HOST --nolaunchpppd".
func (r *reader) pppdTunnel(d *draft, pty *item) bool {
	line, ok := program(pty.value, "pptp")
	for i := 0; i < len(line); i++ {
		flag, _, given := strings.Cut(line[i], "=")
		switch {
		case flag == "" || flag[0] != '-':
			if d.get("host") == nil {
				d.say(pty, "host", line[i])
			}
			continue
		case one(words("--nolaunchpppd --debug --nobuffer --sync"), flag):
			continue
		case one(words("--loglevel --logstring --timeout --test-type --test-rate"), flag):
		default:
			at := *pty
			at.key = "pptp " + flag
			r.note(&at, nothingLike, "")
			if !one(words("--phone --quirks --idle-wait --max-echo-wait --localbind --rtmark"), flag) {
				continue
			}
		}
		if !given {
			i++
		}
	}
	return ok
}

// findSecret looks up the user, as client, for the peer's name or for "*".
func (r *reader) findSecret(d *draft, user string) {
	remote := d.value("remote-name")
	var found *item
	best, files := 0, 0
	for _, f := range r.files {
		if f.format != secretsFile {
			continue
		}
		files++
		list, _ := pppdWords(f.text)
		for len(list) > 0 {
			n := 1
			for n < len(list) && list[n].line == list[0].line {
				n++
			}
			if l := list[:n]; n > 2 && (l[0].text == user || l[0].text == "*") && (l[1].text == remote || l[1].text == "*" || remote == "") {
				match := 1
				if l[0].text == user {
					match += 2
				}
				if l[1].text == remote {
					match++
				}
				if match > best {
					best, found = match, &item{file: f.name, line: l[2].line, key: "password", value: l[2].text}
				}
			}
			list = list[n:]
		}
	}
	switch {
	case found == nil && files > 0:
		r.note(d.at, noSecret, "")
	case found == nil:
	case strings.HasPrefix(found.value, "@"):
		r.note(found, elsewhere, "")
	default:
		d.say(found, "password", found.value)
	}
}

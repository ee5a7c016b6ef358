// Package api has the JSON bodies of the HTTP API, shared by the handler and the client. Durations end in _ms and are
// milliseconds; a field that is null was not measured.
package api

// Member is one member as the answering member sees it.
type Member struct {
	Name        string            `json:"name"`
	Addr        string            `json:"addr"`
	State       string            `json:"state" enum:"alive,suspect,failed,leaving,left,forgotten"`
	Generation  uint64            `json:"generation"`
	Incarnation uint64            `json:"incarnation"`
	Phi         *float64          `json:"phi" nullable:"true" doc:"null for members this one does not watch"`
	RTTMS       *float64          `json:"rtt_ms" nullable:"true" doc:"round trip; null where not measured"`
	Tags        map[string]string `json:"tags"`
	Keys        int               `json:"keys" doc:"number of keys, tags not counted"`
	MinVersion  int               `json:"min_version,omitempty" doc:"oldest protocol version spoken"`
	MaxVersion  int               `json:"max_version,omitempty" doc:"newest protocol version spoken"`

	EndedForMS      *int64 `json:"ended_for_ms,omitempty" doc:"only of a name that has ended"`
	Cause           string `json:"cause,omitempty" doc:"of the end: failed, left or forgotten"`
	Failures        int    `json:"failures,omitempty" doc:"how often it failed within ten minutes"`
	AdmittedAfterMS *int64 `json:"admitted_after_ms,omitempty" doc:"how long it is still kept out after failing often"`
}

// ViewRef identifies a view in answers that are about something else.
type ViewRef struct {
	ID     string `json:"id"`
	Size   int    `json:"size"`
	Stable bool   `json:"stable"`
}

// Members is the answer of GET /v1/members.
type Members struct {
	View    ViewRef  `json:"view"`
	Members []Member `json:"members"`
	Next    string   `json:"next,omitempty" doc:"pass as after for the next page"`
}

// View is the answer of GET /v1/view.
type View struct {
	ID          string   `json:"id"`
	Size        int      `json:"size"`
	Stable      bool     `json:"stable" doc:"there was a moment at which every member held this view"`
	StableForMS int64    `json:"stable_for_ms"`
	Members     []string `json:"members"`
	WaitingFor  []string `json:"waiting_for" doc:"who keeps it from being stable, as far as known here"`
}

// Self is the answer of GET /v1/self.
type Self struct {
	Member
	Cluster   string  `json:"cluster"`
	Standing  string  `json:"standing" enum:"member,alone,rejoining,waiting,leaving,left,superseded"`
	RetryInMS *int64  `json:"retry_in_ms,omitempty" doc:"while waiting: until it asks again to be let in"`
	Reason    string  `json:"reason,omitempty" doc:"why it is not in a view with others"`
	View      ViewRef `json:"view"`
	BacklogMS int64   `json:"backlog_ms" doc:"age of the oldest change that some neighbour lacks"`
	UptimeMS  int64   `json:"uptime_ms"`
}

// Peer is one watched member in the answer of GET /v1/phi.
type Peer struct {
	Name        string   `json:"name"`
	Phi         float64  `json:"phi"`
	LossTo      float64  `json:"loss_to" doc:"share of the probes to it that went unanswered"`
	LossFrom    float64  `json:"loss_from" doc:"share of its probes that went unanswered, as it reports"`
	P50MS       *float64 `json:"p50_ms" nullable:"true" doc:"answer time"`
	P99MS       *float64 `json:"p99_ms" nullable:"true" doc:"answer time"`
	Outstanding int      `json:"outstanding" doc:"probes without an answer yet"`
}

// Phi is the answer of GET /v1/phi.
type Phi struct {
	Peers []Peer `json:"peers"`
}

// Key is one key of one member. A value is in Value when it is valid UTF-8, else in ValueBase64.
type Key struct {
	Node        string  `json:"node"`
	Key         string  `json:"key"`
	Version     uint64  `json:"version"`
	Size        int     `json:"size" doc:"bytes of the value"`
	AgeMS       int64   `json:"age_ms" doc:"since it arrived here"`
	Value       *string `json:"value,omitempty"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`
}

// Bytes returns the value, whichever of the two fields holds it.
func (k Key) Bytes() []byte {
	if k.Value != nil {
		return []byte(*k.Value)
	}
	return k.ValueBase64
}

// Keys is the answer of GET /v1/kv.
type Keys struct {
	Keys []Key  `json:"keys"`
	Next string `json:"next,omitempty" doc:"pass as after for the next page"`
}

// Written is the answer to a write of a key or tag.
type Written struct {
	Node    string `json:"node"`
	Key     string `json:"key"`
	Version uint64 `json:"version"`
}

// Join is the body of POST /v1/join.
type Join struct {
	Seeds []string `json:"seeds" minItems:"1" doc:"host:port, dns:name:port, srv:_gossip._udp.name or file:path"`
}

// Setting is one setting of the agent in the answer of GET /v1/config.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source" doc:"default, file, env or flag"`
	Where  string `json:"where,omitempty" doc:"the file, variable or flag"`
}

// Config is the answer of GET /v1/config.
type Config struct {
	Settings []Setting `json:"settings"`
}

// Health is the answer of /livez, /readyz and /healthz.
type Health struct {
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// Problem is the body of every error (RFC 9457).
type Problem struct {
	Title  string          `json:"title"`
	Status int             `json:"status"`
	Detail string          `json:"detail,omitempty"`
	Errors []ProblemDetail `json:"errors,omitempty"`
}

// ProblemDetail is one fault of a request that has several.
type ProblemDetail struct {
	Message  string `json:"message"`
	Location string `json:"location,omitempty"`
	Value    any    `json:"value,omitempty"`
}

// Tag is the answer to a write of a tag.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

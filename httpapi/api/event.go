package api

import "time"

// Event is one event. Only the fields that belong to its type are present.
type Event struct {
	Seq         uint64  `json:"seq"` // rises within one agent process
	Time        string  `json:"time"`
	Type        string  `json:"type"`
	Node        string  `json:"node,omitempty"`
	Generation  *uint64 `json:"generation,omitempty"`
	Incarnation *uint64 `json:"incarnation,omitempty"`

	Addr      string            `json:"addr,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
	Restarted *bool             `json:"restarted,omitempty"` // member.returned: as a new process
	Accusers  []Accuser         `json:"accusers,omitempty"`  // member.failed, member.suspected
	Cause     string            `json:"cause,omitempty"`

	Key         string  `json:"key,omitempty"`
	Version     uint64  `json:"version,omitempty"`
	Value       *string `json:"value,omitempty"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`

	Reason        string `json:"reason,omitempty"`
	MembersBefore *int   `json:"members_before,omitempty"` // node.rejoined
	MembersAfter  *int   `json:"members_after,omitempty"`

	ID     string `json:"id,omitempty"`     // view.stabilized, view.destabilized
	Missed uint64 `json:"missed,omitempty"` // lagged

	View    *View    `json:"view,omitempty"` // snapshot
	Members []Member `json:"members,omitempty"`
	Keys    []Key    `json:"keys,omitempty"`
	Names   []string `json:"names,omitempty"`
}

// Accuser is a member that gets no answer, with the phi it reached.
type Accuser struct {
	Node string  `json:"node"`
	Phi  float64 `json:"phi"`
}

// TimeFormat is how events write their time.
const TimeFormat = time.RFC3339Nano

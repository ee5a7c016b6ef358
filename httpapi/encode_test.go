package httpapi

import (
	"testing"
	"time"

	"github.com/grapevine-gossip/grapevine"
)

func TestWhoIsKeptOutIsShown(t *testing.T) {
	m := grapevine.Member{Name: "m", State: grapevine.Failed, Failures: 3, AdmittedAfter: 42 * time.Second}
	if out := member(m); out.AdmittedAfterMS == nil || *out.AdmittedAfterMS != 42_000 || out.Failures != 3 {
		t.Errorf("%+v", out)
	}
	if m.AdmittedAfter = 0; member(m).AdmittedAfterMS != nil {
		t.Error("a member that is not kept out is said to be")
	}
}

package wire

import "errors"

// Why a frame is not read. Each error of Open wraps exactly one of them; DropReason gives its label.
var (
	ErrVersion   = errors.New("wire: frame of another protocol version")
	ErrKey       = errors.New("wire: frame is sealed and no key is set")
	ErrChecksum  = errors.New("wire: checksum does not match")
	ErrCluster   = errors.New("wire: frame of another cluster")
	ErrTruncated = errors.New("wire: frame ends early")
	ErrMalformed = errors.New("wire: frame is malformed")
	ErrLimit     = errors.New("wire: frame exceeds a limit")
)

// DropReason is the label under which a frame that Open rejected with err is counted; "" for any other error.
func DropReason(err error) string {
	for _, d := range []struct {
		err    error
		reason string
	}{
		{ErrVersion, "version"},
		{ErrKey, "key"},
		{ErrChecksum, "checksum"},
		{ErrCluster, "cluster"},
		{ErrTruncated, "truncated"},
		{ErrMalformed, "malformed"},
		{ErrLimit, "limit"},
	} {
		if errors.Is(err, d.err) {
			return d.reason
		}
	}
	return ""
}

package wire

// ID is the 64-bit hash of a member's name. It stands for the name on the wire wherever the receiver can be expected
// to know the member.
func ID(name string) uint64 { return mix(fnv1a(fnvOffset, name)) }

// Tag is a 32-bit hash of a name and one whole life of it; never zero, which stands for "I hold no life of yours".
func Tag(id uint64, l Life) uint32 {
	h := mix(id ^ mix(l.Generation))
	h = mix(h ^ l.Boot)
	h = mix(h ^ mix(l.Incarnation+1))
	if t := uint32(h >> 32); t != 0 {
		return t
	}
	return 1
}

// LifeHash is the contribution of one life to the hash of a view. A view's hash is the sum of its members' LifeHash
// modulo 2^64, so that it can be kept up as members come and go.
func LifeHash(id uint64, l Life) uint64 {
	h := mix(id ^ 0x6c696665)
	h = mix(h ^ mix(l.Generation))
	h = mix(h ^ l.Boot)
	return mix(h ^ mix(l.Incarnation+1))
}

// VersionHash is the contribution of one namespace to the hash of the state; zero for a namespace at version 0.
func VersionHash(id uint64, l Life, version uint64) uint64 {
	if version == 0 {
		return 0
	}
	h := mix(id ^ 0x73746174)
	h = mix(h ^ mix(l.Generation))
	h = mix(h ^ l.Boot)
	return mix(h ^ mix(version))
}

const fnvOffset = 14695981039346656037

func fnv1a(h uint64, s string) uint64 {
	for i := range len(s) {
		h ^= uint64(s[i])
		h *= 1099511628211
	}
	return h
}

// Mix is the finaliser of splitmix64: every bit of x reaches every bit of the result.
func Mix(x uint64) uint64 { return mix(x) }

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return x
}

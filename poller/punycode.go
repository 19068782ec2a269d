package poller

import (
	"strings"
	"unicode/utf8"
)

// Names in other scripts have two spellings: "视频.example.com" and
// "xn--6krx6z.example.com". Operators write the first, DNS and some lists the second;
// they are compared in the first. The standard library has no decoder that it
// exports.

const punycodePrefix = "xn--"

func hasPunycode(host string) bool { return strings.Contains(host, punycodePrefix) }

// unicodeHost decodes the labels in Punycode. A label that is not valid stays.
func unicodeHost(host string) string {
	if !hasPunycode(host) {
		return host
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		if encoded, ok := strings.CutPrefix(label, punycodePrefix); ok {
			if decoded, ok := decodePunycode(encoded); ok {
				labels[i] = decoded
			}
		}
	}
	return strings.Join(labels, ".")
}

// decodePunycode follows RFC 3492, section 6.2, with the names used there.
func decodePunycode(encoded string) (string, bool) {
	const base, tMin, tMax, maxLabel = 36, 1, 26, 63
	var output []rune
	if cut := strings.LastIndexByte(encoded, '-'); cut > 0 {
		output, encoded = []rune(encoded[:cut]), encoded[cut+1:]
	}
	if encoded == "" || len(encoded) > maxLabel {
		return "", false
	}
	n, i, bias, first := rune(128), 0, 72, true
	for encoded != "" {
		before, weight := i, 1
		for k := base; ; k += base {
			if encoded == "" {
				return "", false
			}
			digit, ok := punycodeDigit(encoded[0])
			encoded = encoded[1:]
			if !ok || weight > 1<<30/base {
				return "", false
			}
			i += digit * weight
			t := min(max(k-bias, tMin), tMax)
			if digit < t {
				break
			}
			weight *= base - t
		}
		size := len(output) + 1
		bias, first = adaptBias(i-before, size, first), false
		if n += rune(min(i/size, utf8.MaxRune)); n > utf8.MaxRune {
			return "", false
		}
		i %= size
		output = append(output[:i], append([]rune{n}, output[i:]...)...)
		i++
	}
	return string(output), true
}

// adaptBias is section 6.1.
func adaptBias(delta, size int, first bool) int {
	const base, tMin, tMax, skew, damp = 36, 1, 26, 38, 700
	if first {
		delta /= damp
	} else {
		delta /= 2
	}
	delta += delta / size
	k := 0
	for ; delta > (base-tMin)*tMax/2; k += base {
		delta /= base - tMin
	}
	return k + (base-tMin+1)*delta/(delta+skew)
}

func punycodeDigit(b byte) (int, bool) {
	switch {
	case 'a' <= b && b <= 'z':
		return int(b - 'a'), true
	case '0' <= b && b <= '9':
		return int(b-'0') + 26, true
	}
	return 0, false
}

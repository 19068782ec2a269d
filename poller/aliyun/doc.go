// Package aliyun lists the refresh and prefetch tasks of Alibaba Cloud: those of
// ApsaraVideo VOD, CDN and DCDN, each a [Product].
//
// [Client] is a [refreshwatch/poller.Lister] on alibaba-cloud-sdk-go. The SDK is kept
// because it is the vendor's own construction of requests and signatures, and signs
// every operation of every product alike; it is given no answer to read. Its own reading
// takes an empty 200 for "no tasks", panics on a numeric error code, follows redirects
// with the key in the Referer, ignores contexts, and puts the signed URL into every
// error (all measured on v1.63.107, 2026-11). So the answer is caught where it
// arrives, in transport.go, and read strictly, in decode.go.
//
// Its one invariant: a page is returned only when the API said, completely and
// without contradiction, what is on it. Everything else is an error with a class,
// and no error, log or panic carries a key, a token or a signature.
//
// Start reading at [Client.List]: limit.go decides when a request may leave,
// session.go signs it, transport.go sends it, classify.go and decode.go read what
// came back, redact.go keeps secrets out of what people see.
package aliyun

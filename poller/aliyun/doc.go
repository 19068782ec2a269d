// Package aliyun asks ApsaraVideo VOD for its refresh and prefetch tasks.
//
// [Client] is a [refreshwatch/poller.Lister] for the operation
// DescribeVodRefreshTasks (version 2017-03-21) on alibaba-cloud-sdk-go. The SDK
// builds, signs and sends; it never sees an answer. Its own reading of one takes
// an empty 200 for "no tasks", panics on a numeric error code, follows redirects
// with the key in the Referer, ignores contexts, and puts the signed URL into
// every error (all measured on v1.63.107, 2026-11). So the answer is caught where
// it arrives, in transport.go, and read strictly, in decode.go.
//
// Its one invariant: a page is returned only when the API said, completely and
// without contradiction, what is on it. Everything else is an error with a class,
// and no error, log or panic carries a key, a token or a signature.
//
// Start reading at [Client.List]: pace.go decides when a request may leave,
// transport.go sends it, classify.go and decode.go read what came back.
package aliyun

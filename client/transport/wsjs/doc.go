// Package wsjs reaches the server from a browser, with fetch and WebSocket through syscall/js. The
// session travels in a cookie that neither this program nor the page can read.
package wsjs

package store

import "strings"

// marks returns n parameter marks: "?,?,?".
func marks(n int) string { return strings.Repeat(",?", n)[1:] }

// rows returns n bracketed rows of marks: "(?,?),(?,?)".
func rows(n, columns int) string {
	return strings.Repeat(",("+marks(columns)+")", n)[1:]
}

// A list statement exists for a few lengths only, so that the number of prepared statements is
// bounded whatever lists come in.
const maxList = 64

var lookupSizes = [...]int{1, 4, 16, maxList}

// lookup is a SELECT over a list of keys. A list is padded to the next size by repeating its last
// key, which changes nothing about a set.
type lookup [len(lookupSizes)]string

func newLookup(text func(n int) string) (l lookup) {
	for i, n := range lookupSizes {
		l[i] = text(n)
	}
	return l
}

// each calls do with the statement for every stretch of the keys and its padded parameters.
func (l *lookup) each(keys [][]any, do func(text string, args []any) error) error {
	for len(keys) > 0 {
		n := min(len(keys), maxList)
		text, args := l.pad(keys[:n])
		if err := do(text, args); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

func (l *lookup) pad(keys [][]any) (text string, args []any) {
	i := 0
	for lookupSizes[i] < len(keys) {
		i++
	}
	args = make([]any, 0, lookupSizes[i]*len(keys[0]))
	for k := range lookupSizes[i] {
		args = append(args, keys[min(k, len(keys)-1)]...)
	}
	return l[i], args
}

var insertSizes = [...]int{64, 32, 16, 8, 4, 2, 1}

// insert is an INSERT of several rows at once. Rows cannot be padded, so a list is cut into the
// sizes that exist, largest first.
type insert [len(insertSizes)]string

func newInsert(head string, columns int, tail string) (t insert) {
	for i, n := range insertSizes {
		t[i] = head + " VALUES " + rows(n, columns) + " " + tail
	}
	return t
}

// maxInsertBytes bounds one INSERT, so that a batch of large rows stays below what a database
// accepts in one packet. A single row may be larger.
const maxInsertBytes = 1 << 20

// each calls do with the statement for every stretch of n rows; size is the bytes of one row.
func (t *insert) each(n int, size func(i int) int, do func(text string, from, to int) error) error {
	for from := 0; from < n; {
		i := 0
		for insertSizes[i] > fitting(from, n, size) {
			i++
		}
		to := from + insertSizes[i]
		if err := do(t[i], from, to); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// fitting counts the rows from a place on that fit into one INSERT, at least one.
func fitting(from, n int, size func(i int) int) int {
	bytes, count := 0, 0
	for i := from; i < n && count < insertSizes[0]; i++ {
		if bytes += size(i); bytes > maxInsertBytes && count > 0 {
			break
		}
		count++
	}
	return count
}

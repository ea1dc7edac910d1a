// The channel of PROTOCOL.md on flynn/noise, written from the document: nothing of ours is linked.
//
//	stranger serve PATTERN SERVER_SECRET CLIENT_PUBLIC PSK
//	stranger dial PATTERN PORT SERVER_PUBLIC CLIENT_SECRET PSK COUNT
//
// Same conversation as noise_peer.c: bodies go out, inverted bodies come back.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	"github.com/flynn/noise"
)

const (
	rekeyAfter = 65536
	window     = 64
	bodyMax    = 65514
	kindBody   = 0
	kindClose  = 1
)

var telling = []int{0, 1, 59, 60, 1000, 32763, 32764, bodyMax}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "stranger:", err)
		os.Exit(1)
	}
}

func check(good bool, what string) {
	if !good {
		must(fmt.Errorf("%s", what))
	}
}

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	must(err)
	return data
}

// One CipherState: counts, and replaces its key after every 65,536 messages.
type direction struct {
	state *noise.CipherState
	count uint64
}

func (d *direction) counted() {
	d.count++
	if d.count%rekeyAfter == 0 {
		d.state.Rekey()
	}
}

type channel struct {
	conn      net.Conn
	in        *bufio.Reader
	out       *bufio.Writer
	pattern   byte
	initiator bool
	prologue  []byte
	send      direction
	receive   direction
}

func (c *channel) read(count int) []byte {
	data := make([]byte, count)
	_, err := io.ReadFull(c.in, data)
	must(err)
	return data
}

func (c *channel) hello() {
	hello := append([]byte{'G', 'J', '0', '1', 0, 1, c.pattern, 0}, bytes.Repeat([]byte{0xC1}, 16)...)
	answer := []byte{'G', 'J', '0', '1', 0, 0, 0, 1, 0, 1, 0, 1}
	if c.initiator {
		_, err := c.conn.Write(hello)
		must(err)
		got := c.read(12)
		check(bytes.Equal(got[:5], answer[:5]) && bytes.Equal(got[6:8], answer[6:8]), "hello refused")
		answer = got
	} else {
		check(bytes.Equal(c.read(24), hello), "another hello")
		_, err := c.conn.Write(answer)
		must(err)
	}
	c.prologue = append(append([]byte{}, hello...), answer...)
}

func (c *channel) writeFrame(data []byte) {
	var length [2]byte
	binary.BigEndian.PutUint16(length[:], uint16(len(data)))
	c.out.Write(length[:])
	_, err := c.out.Write(data)
	must(err)
}

func (c *channel) readFrame() []byte {
	return c.read(int(binary.BigEndian.Uint16(c.read(2))))
}

func (c *channel) handshake(own noise.DHKey, peer []byte, psk []byte) {
	config := noise.Config{
		CipherSuite:   noise.NewCipherSuite(noise.DH25519, noise.CipherChaChaPoly, noise.HashSHA256),
		Pattern:       noise.HandshakeXK,
		Initiator:     c.initiator,
		Prologue:      c.prologue,
		StaticKeypair: own,
	}
	var token []byte
	if c.initiator {
		config.PeerStatic = peer
	}
	if c.pattern == 2 {
		config.PresharedKey = psk
		config.PresharedKeyPlacement = 3
		token = bytes.Repeat([]byte{0x70}, 16)
	}
	state, err := noise.NewHandshakeState(config)
	must(err)
	var first, second *noise.CipherState
	write := func(payload []byte) {
		var message []byte
		message, first, second, err = state.WriteMessage(nil, payload)
		must(err)
		c.writeFrame(message)
		must(c.out.Flush())
	}
	read := func(wanted []byte) {
		var payload []byte
		payload, first, second, err = state.ReadMessage(nil, c.readFrame())
		must(err)
		check(bytes.Equal(payload, wanted), "another payload")
	}
	if c.initiator {
		write(token)
		read(nil)
		write([]byte("stranger.go"))
		c.send.state, c.receive.state = first, second
	} else {
		read(token)
		write(nil)
		read([]byte("noise_peer"))
		check(bytes.Equal(state.PeerStatic(), peer), "another client's key")
		c.send.state, c.receive.state = second, first
	}
}

func plaintext(kind byte, body []byte) []byte {
	size := len(body) + 5
	bucket := 64
	for bucket < size && bucket < 32768 {
		bucket *= 2
	}
	if bucket < size {
		bucket = 65519
	}
	plain := make([]byte, bucket)
	binary.BigEndian.PutUint32(plain, uint32(len(body)))
	plain[4] = kind
	copy(plain[5:], body)
	return plain
}

func (c *channel) seal(kind byte, body []byte) {
	sealed, err := c.send.state.Encrypt(nil, nil, plaintext(kind, body))
	must(err)
	c.send.counted()
	c.writeFrame(sealed)
}

func (c *channel) open() (byte, []byte) {
	if c.in.Buffered() == 0 {
		must(c.out.Flush())
	}
	plain, err := c.receive.state.Decrypt(nil, nil, c.readFrame())
	must(err)
	c.receive.counted()
	length := binary.BigEndian.Uint32(plain)
	check(length <= bodyMax && int(length)+5 <= len(plain), "a length too long")
	body := plain[5 : 5+length]
	check(bytes.Equal(plain, plaintext(plain[4], body)), "another padding")
	return plain[4], body
}

func invert(body []byte) []byte {
	out := make([]byte, len(body))
	for i, b := range body {
		out[i] = ^b
	}
	return out
}

func bodyOf(number int) []byte {
	size := 5
	if number < len(telling) {
		size = telling[number]
	}
	body := make([]byte, size)
	for at := range body {
		body[at] = byte(number*31 + at*7)
	}
	return body
}

func (c *channel) dial(count int) {
	total := len(telling) + count
	for answered := 0; answered < total; {
		until := answered + window
		if until > total {
			until = total
		}
		for number := answered; number < until; number++ {
			c.seal(kindBody, bodyOf(number))
		}
		must(c.out.Flush())
		for ; answered < until; answered++ {
			kind, body := c.open()
			check(kind == kindBody && bytes.Equal(body, invert(bodyOf(answered))), "a wrong answer")
		}
	}
	c.seal(kindClose, []byte{0, 0})
	must(c.out.Flush())
}

func (c *channel) serve() {
	for {
		kind, body := c.open()
		if kind == kindClose {
			check(bytes.Equal(body, []byte{0, 0}), "closed for another reason")
			return
		}
		c.seal(kindBody, invert(body))
	}
}

func keypair(secret []byte) noise.DHKey {
	pair, err := noise.DH25519.GenerateKeypair(bytes.NewReader(secret))
	must(err)
	return pair
}

func main() {
	args := os.Args[1:]
	pattern, err := strconv.Atoi(args[1])
	must(err)
	c := &channel{pattern: byte(pattern), initiator: args[0] == "dial"}
	var own noise.DHKey
	var peer, psk []byte
	if c.initiator {
		c.conn, err = net.Dial("tcp", "127.0.0.1:"+args[2])
		must(err)
		peer, own, psk = unhex(args[3]), keypair(unhex(args[4])), unhex(args[5])
	} else {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(err)
		fmt.Println(listener.Addr().(*net.TCPAddr).Port)
		c.conn, err = listener.Accept()
		must(err)
		own, peer, psk = keypair(unhex(args[2])), unhex(args[3]), unhex(args[4])
	}
	c.in = bufio.NewReaderSize(c.conn, 1<<17)
	c.out = bufio.NewWriterSize(c.conn, 1<<17)
	c.hello()
	c.handshake(own, peer, psk)
	if c.initiator {
		count, err := strconv.Atoi(args[6])
		must(err)
		c.dial(count)
	} else {
		c.serve()
	}
}

# Go: a program with cgo, which is dynamic: goroutines, preemption by signals, threads that Go makes and threads of C.
# packages: golang-go gcc libc6-dev
# timeout: 400
# Objects made by Go are left alone, and the library says so.
# known all: ^. libsyscall_intercept: .* not intercepted: the stacks of goroutines are too small for a hook$
set -e
export GOCACHE=$CACHE/go GOPATH=$CACHE/path GO111MODULE=off GOFLAGS= GOTOOLCHAIN=local HOME=$PWD
cat >main.go <<'go'
package main

/*
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <math.h>
#cgo LDFLAGS: -lm -lpthread
static int parent(void) { return getppid() > 0; }
static void *work(void *p) { usleep(1000); *(double *)p = sqrt(2); return p; }
static double in_a_thread(void) { pthread_t t; double d = 0; pthread_create(&t, 0, work, &d); pthread_join(t, 0); return d; }
*/
import "C"

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func main() {
	var group sync.WaitGroup
	var mutex sync.Mutex
	sum := 0
	for i := 0; i < 200; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 200; j++ {
				n := int(C.parent())
				mutex.Lock(); sum += n; mutex.Unlock()
			}
		}()
	}
	group.Wait()
	fmt.Println("cgo", sum, float64(C.in_a_thread()))
	// A loop without calls: only a signal can preempt it.
	stop := false
	go func() { for !stop { } }()
	for i := 0; i < 20; i++ { runtime.GC(); time.Sleep(time.Millisecond) }
	stop = true
	for i := 0; i < 5; i++ {
		out, err := exec.Command("sh", "-c", fmt.Sprint("echo ", i, "; exit ", i)).Output()
		fmt.Printf("%s %v\n", out, err)
	}
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() { for { c, err := listener.Accept(); if err != nil { return }; go func() { io.Copy(c, c); c.Close() }() } }()
	total := make(chan int64)
	for i := 0; i < 20; i++ {
		go func() {
			c, err := net.Dial("tcp", listener.Addr().String())
			if err != nil { total <- -1; return }
			c.Write(make([]byte, 10000)); c.(*net.TCPConn).CloseWrite()
			n, _ := io.Copy(io.Discard, c); total <- n
		}()
	}
	var got int64
	for i := 0; i < 20; i++ { got += <-total }
	fmt.Println("echo", got)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-signals)
	func() { defer func() { fmt.Println(recover()) }(); var p *int; *p = 1 }()
	os.Exit(3)
}
go
go build -o program main.go
readelf -d program | grep -c NEEDED
./program || echo "program ended with $?"

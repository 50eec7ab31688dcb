package hooks

import (
	"context"
	"path/filepath"
	"sync"
	"time"
)

// DefaultLimit is how long one program may take.
const DefaultLimit = 30 * time.Second

// most is how many networks have programs running at one time: a server
// whose callers all come at once shall not start a thousand shells.
const most = 4

// Config says what is run.
type Config struct {
	Dir   string        // has the directories that jobs name
	Limit time.Duration // for one program, 0 = DefaultLimit; then its process group is killed
	// Tell takes what the programs print, and what goes wrong with them, in
	// lines of bounded number and length.
	Tell func(about, text string)
}

// Job is one visit to a directory.
type Job struct {
	About string   // for Tell
	Dir   string   // "ip-up.d"
	Args  []string // behind the program's name
	Env   []string // "NAME=value", all that there is beside PATH
	Undo  bool     // it takes back what the job before it under the same key did
}

// Runner runs jobs. Those under one key run one after another, in the order in
// which they were given; nobody waits for them.
type Runner struct {
	cfg    Config
	places chan struct{}
	ctx    context.Context // ends when the programs shall be killed
	kill   context.CancelFunc
	limit  func(context.Context, time.Duration) (context.Context, context.CancelFunc)
	wg     sync.WaitGroup // one goroutine for each key with jobs

	mu     sync.Mutex
	queues map[string][]Job // by key; one with a goroutine has an entry, maybe empty
}

// New makes a runner. Close ends it.
func New(cfg Config) *Runner {
	if cfg.Limit <= 0 {
		cfg.Limit = DefaultLimit
	}
	r := &Runner{cfg: cfg, limit: context.WithTimeout, places: make(chan struct{}, most), queues: make(map[string][]Job)}
	r.ctx, r.kill = context.WithCancel(context.Background())
	return r
}

// Run has a job run when those before it under the same key are done, and
// returns at once. Where programs take longer than a network lasts, a job that
// has not begun and the one that takes it back are left out together: so no
// key has more than two jobs waiting.
func (r *Runner) Run(key string, j Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	queue, busy := r.queues[key]
	if n := len(queue); j.Undo && n > 0 && !queue[n-1].Undo {
		r.queues[key] = queue[:n-1]
		return
	}
	r.queues[key] = append(queue, j)
	if !busy {
		r.wg.Go(func() { r.work(key) })
	}
}

// Close waits until all jobs are done; after patience what still runs is
// killed. Nothing is run any more then.
func (r *Runner) Close(patience time.Duration) {
	t := time.AfterFunc(patience, r.kill)
	defer t.Stop()
	r.wg.Wait()
	r.kill()
}

// work runs the jobs of one key until there are none.
func (r *Runner) work(key string) {
	for {
		r.places <- struct{}{}
		j, ok := r.next(key)
		if ok {
			r.visit(j)
		}
		<-r.places
		if !ok {
			return
		}
	}
}

func (r *Runner) next(key string) (Job, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	queue := r.queues[key]
	if len(queue) == 0 {
		delete(r.queues, key)
		return Job{}, false
	}
	r.queues[key] = queue[1:]
	return queue[0], true
}

// visit runs a directory's programs by their names' order, one at a time.
func (r *Runner) visit(j Job) {
	dir := filepath.Join(r.cfg.Dir, j.Dir)
	programs, refused := list(dir)
	for _, text := range refused {
		r.cfg.Tell(j.About, text)
	}
	for _, name := range programs {
		if r.ctx.Err() != nil {
			r.cfg.Tell(j.About, filepath.Join(j.Dir, name)+" is left out: dun is ending")
			continue
		}
		r.run(j, name, filepath.Join(dir, name))
	}
}

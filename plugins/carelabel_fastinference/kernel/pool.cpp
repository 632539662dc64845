#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <thread>

namespace fasttrees {
namespace {

constexpr size_t kLoanBytes = 512 * 1024;         // holds a block of most models; pages are taken as they are used
constexpr std::chrono::microseconds kSpin{30};    // then a thread sleeps: waking it takes about as long

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Whether `done` came true before the time to spin was over.
template <class Done>
bool spin_until(Done done) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

// A call under way; lives on its caller's stack until no other thread is inside.
struct Job {
  const Part part;
  void* const call;
  const size_t rows, piece, threads;
  size_t wanted;                    // threads that may still join; under the pool's lock
  std::atomic<size_t> next{0};      // first row that nobody has taken
  std::atomic<size_t> inside{0};    // threads at work besides the caller's
  std::atomic<int> code{0};
  Job* after = nullptr;

  Job(Part part_, void* call_, size_t rows_, size_t piece_, size_t threads_)
      : part(part_), call(call_), rows(rows_), piece(piece_), threads(threads_), wanted(threads_ - 1) {}

  // Pieces get smaller towards the end, so that all threads end together; they begin large, for every piece takes all
  // trees through the caches again.
  bool take(size_t* first, size_t* last) {
    size_t at = next.load(std::memory_order_relaxed);
    for (;;) {
      if (at >= rows) return false;
      const size_t fair = (rows - at) * 3 / (4 * threads);
      const size_t end = std::min(rows, at + std::max((fair + piece - 1) / piece, size_t{1}) * piece);
      if (!next.compare_exchange_weak(at, end, std::memory_order_relaxed)) continue;
      *first = at;
      *last = end;
      return true;
    }
  }

  void work(const Loan& loan) {
    size_t first, last;
    while (take(&first, &last)) {
      const int found = part(call, first, last, loan);
      if (found == 0) continue;
      code.store(found, std::memory_order_relaxed);
      next.store(rows, std::memory_order_relaxed);  // the rest is not wanted any more
    }
  }
};

class Pool {
 public:
  explicit Pool(pid_t owner) : owner_(owner), spins_(std::thread::hardware_concurrency() > 1) {}
  bool of(pid_t process) const { return owner_ == process; }

  int run(Job& job) {
    size_t sleeping;
    {
      const std::lock_guard<std::mutex> lock(lock_);
      grow(job.wanted);
      job.wanted = std::min(job.wanted, started_);
      job.after = jobs_;
      jobs_ = &job;
      open_.fetch_add(job.wanted, std::memory_order_relaxed);
      sleeping = std::min(sleeping_, job.wanted);
    }
    for (; sleeping != 0; --sleeping) work_.notify_one();
    job.work(Loan{nullptr, 0});
    finish(job);
    return job.code.load(std::memory_order_relaxed);
  }

 private:
  // No more join, and those that have are gone.
  void finish(Job& job) {
    {
      const std::lock_guard<std::mutex> lock(lock_);
      Job** at = &jobs_;
      while (*at != &job) at = &(*at)->after;
      *at = job.after;
      open_.fetch_sub(job.wanted, std::memory_order_relaxed);
    }
    const auto alone = [&job] { return job.inside.load(std::memory_order_acquire) == 0; };
    if (alone() || (spins_ && spin_until(alone))) return;
    std::unique_lock<std::mutex> lock(lock_);
    done_.wait(lock, alone);
  }

  // Starts threads until there are `wanted`, or no more to be had. Under the lock.
  void grow(size_t wanted) {
    if (started_ >= wanted) return;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      for (; started_ < wanted; ++started_) {
        std::unique_ptr<char[]> memory(new (std::nothrow) char[kLoanBytes]);
        const Loan loan{memory.get(), memory ? kLoanBytes : 0};
        std::thread(&Pool::serve, this, loan).detach();
        memory.release();  // the thread's, for as long as the process lives
      }
    } catch (const std::exception&) {
      // Fewer than asked for: the caller does what they would have done.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  Job* joined() {
    for (Job* job = jobs_; job != nullptr; job = job->after) {
      if (job->wanted == 0) continue;
      --job->wanted;
      open_.fetch_sub(1, std::memory_order_relaxed);
      job->inside.fetch_add(1, std::memory_order_relaxed);
      return job;
    }
    return nullptr;
  }

  [[noreturn]] void serve(Loan loan) {
    std::unique_lock<std::mutex> lock(lock_);
    for (;;) {
      Job* job = joined();
      if (job == nullptr) {
        wait(lock);
        continue;
      }
      lock.unlock();
      job->work(loan);
      lock.lock();
      // The caller may be gone as soon as it sees nobody inside.
      if (job->inside.fetch_sub(1, std::memory_order_release) == 1) done_.notify_all();
    }
  }

  void wait(std::unique_lock<std::mutex>& lock) {
    if (spins_) {
      lock.unlock();
      spin_until([this] { return open_.load(std::memory_order_relaxed) != 0; });
      lock.lock();
      if (open_.load(std::memory_order_relaxed) != 0) return;
    }
    ++sleeping_;
    work_.wait(lock);
    --sleeping_;
  }

  const pid_t owner_;
  const bool spins_;
  std::mutex lock_;
  std::condition_variable work_, done_;
  Job* jobs_ = nullptr;
  size_t started_ = 0, sleeping_ = 0;
  std::atomic<size_t> open_{0};  // threads wanted by all jobs; changed under the lock, read without
};

std::atomic<Pool*> current_pool{nullptr};

// This process's pool. It is never freed: its threads wait in it until the process ends. A child leaves its
// parent's untouched, locks included, for they may have been held while it was forked. Null: out of memory.
Pool* pool() {
  const pid_t process = getpid();
  Pool* found = current_pool.load(std::memory_order_acquire);
  if (found != nullptr && found->of(process)) return found;
  std::unique_ptr<Pool> fresh(new (std::nothrow) Pool(process));
  while (fresh && (found == nullptr || !found->of(process))) {
    if (current_pool.compare_exchange_weak(found, fresh.get(), std::memory_order_acq_rel)) return fresh.release();
  }
  return fresh ? found : nullptr;
}

}  // namespace

int run_parts(Part part, void* call, size_t rows, size_t piece, size_t threads) {
  Pool* const helpers = threads < 2 ? nullptr : pool();
  if (helpers == nullptr) return part(call, 0, rows, Loan{nullptr, 0});
  Job job(part, call, rows, piece, threads);
  return helpers->run(job);
}

}  // namespace fasttrees

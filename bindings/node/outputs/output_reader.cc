#include "output_reader.h"

#if defined(__linux__)
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

// The threads are libuv's, which Node exports. The system's own have newer symbols in glibc 2.34, which the addon would
// then need.
extern "C" {
int uv_thread_create(pthread_t* thread, void (*entry)(void* argument), void* argument);
int uv_thread_join(pthread_t* thread);
}

namespace binding {
namespace {

// The size of the socket for samples, if the system allows it: a frame of 720p, so that the child can continue with the
// next one.
constexpr int kSocketBytes = 1 << 20;
// More bytes in a second than a child has been seen to write.
constexpr int kBytesEachMicrosecond = 10'000;
constexpr size_t kMostAtOnce = size_t{1} << 30;
// While samples come, text is left for later. When there are none, the text is read, because the child may be waiting
// to write it.
constexpr int kIdleMilliseconds = 5;
// A line comes in several pieces, one directly after the other.
constexpr useconds_t kLineMicroseconds = 50;

void close_end(int* descriptor) {
  if (*descriptor >= 0) close(*descriptor);
  *descriptor = -1;
}

// Returns how many bytes came, 0 when there are none now, or -1 at the end.
ssize_t pull(int descriptor, void* to, size_t most) {
  ssize_t got;
  do {
    got = read(descriptor, to, std::min(most, kMostAtOnce));
  } while (got < 0 && errno == EINTR);
  if (got > 0) return got;
  return got < 0 && errno == EAGAIN ? 0 : -1;
}

}  // namespace

// Samples come over a socket, whose memory the system moves in pieces of 32 KiB. A pipe's memory moves page by page.
bool OutputReader::open() {
  int pair[2], pipes[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
  samples_ = pair[0];
  output_ = pair[1];
  if (pipe2(pipes, O_CLOEXEC) != 0) return false;
  text_ = pipes[0];
  errors_ = pipes[1];
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  // The system may leave the buffers smaller, which is slower but not wrong.
  (void)setsockopt(output_, SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof kSocketBytes);
  int held = 0;  // twice the usable size, because the system adds its own overhead
  socklen_t length = sizeof held;
  (void)getsockopt(output_, SOL_SOCKET, SO_SNDBUF, &held, &length);
  nap_ = static_cast<useconds_t>(held / 2 / kBytesEachMicrosecond);
  return wake_ >= 0 && fcntl(samples_, F_SETFL, O_NONBLOCK) == 0 && fcntl(text_, F_SETFL, O_NONBLOCK) == 0;
}

void OutputReader::close_child_ends() {
  close_end(&output_);
  close_end(&errors_);
}

void OutputReader::close_all() {
  for (int* end : {&samples_, &text_, &wake_, &output_, &errors_}) close_end(end);
}

bool OutputReader::start(Call call, void* context) {
  call_ = call;
  context_ = context;
  const auto entry = [](void* reader) { static_cast<OutputReader*>(reader)->run(); };
  return running_ = uv_thread_create(&thread_, entry, this) == 0;
}

void OutputReader::stop() {
  if (running_) {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wake_thread();
    uv_thread_join(&thread_);
    running_ = false;
  }
  target_ = nullptr;
  close_all();
}

void OutputReader::wake_thread() const {
  const uint64_t one = 1;
  while (write(wake_, &one, sizeof one) < 0 && errno == EINTR) continue;
}

bool OutputReader::fill(uint8_t* target, size_t size) {
  {
    const std::lock_guard lock(mutex_);
    if (filling()) return false;
    target_ = target;
    size_ = size;
    filled_ = 0;
  }
  wake_thread();
  return true;
}

int OutputReader::fill_status() {
  const std::lock_guard lock(mutex_);
  const bool full = target_ != nullptr && filled_ == size_;
  if (!full && !ended_) return 0;
  target_ = nullptr;
  return full ? 1 : -1;
}

void OutputReader::notify_on_text(bool listening) {
  const std::lock_guard lock(mutex_);
  listening_ = listening;
}

int OutputReader::read_text(uint8_t* to, size_t size) {
  const std::lock_guard lock(mutex_);
  const size_t most = std::min(text_size_, size);
  if (most == 0) return text_ended_ && text_size_ == 0 ? -1 : 0;
  const bool full = text_size_ == kTextBytes;
  std::memcpy(to, text_buffer_, most);
  std::memmove(text_buffer_, text_buffer_ + most, text_size_ - most);
  text_size_ -= most;
  if (full) wake_thread();
  return static_cast<int>(most);
}

bool OutputReader::has_unrequested() const {
  char sample;
  return recv(samples_, &sample, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void OutputReader::acknowledge() {
  const std::lock_guard lock(mutex_);
  notified_ = false;
}

// Waits for samples and text, but not for text while samples come, unless `idle`. Returns false when the thread must
// end.
bool OutputReader::await(bool* idle, bool* samples_ready, bool* text_ready) {
  bool some, lines;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    some = filling();
    lines = !text_ended_ && text_size_ < kTextBytes;
  }
  const bool later = some && !*idle;
  pollfd ends[] = {{wake_, POLLIN, 0}, {some ? samples_ : -1, POLLIN, 0}, {lines && !later ? text_ : -1, POLLIN, 0}};
  const int ready = poll(ends, 3, lines && later ? kIdleMilliseconds : -1);
  *idle = some && (ready == 0 || *idle);
  if (ready <= 0) return true;
  uint64_t count;
  if (ends[0].revents != 0 && read(wake_, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR) return false;
  *samples_ready = ends[1].revents != 0;
  *text_ready = ends[2].revents != 0;
  return true;
}

// Returns whether the text is enough for a call: at the end of a line, when there is much, and at its end.
bool OutputReader::read_available_text() {
  size_t room;
  {
    const std::lock_guard lock(mutex_);
    if (text_ended_) return false;
    room = kTextBytes - text_size_;
  }
  // The listener may take the text meanwhile, so it is read into another buffer first.
  char piece[kTextBytes];
  const ssize_t got = room > 0 ? pull(text_, piece, room) : 0;
  if (got == 0) return false;
  const std::lock_guard lock(mutex_);
  if (got < 0) return text_ended_ = true;
  std::memcpy(text_buffer_ + text_size_, piece, static_cast<size_t>(got));
  text_size_ += static_cast<size_t>(got);
  const char last = text_buffer_[text_size_ - 1];
  return last == '\n' || last == '\r' || text_size_ > kTextBytes / 2;
}

// Sleeps while the child writes, then takes what has arrived, until nothing is left. Waking for every piece would take
// the processor from the child each time. Returns true when the samples are complete or can no longer be.
bool OutputReader::fill_samples() {
  bool done = false, some = true;
  while (!done && some) {
    usleep(nap_);
    done = drain(&some);
  }
  return done;
}

bool OutputReader::drain(bool* some) {
  for (*some = false;; *some = true) {
    uint8_t* to;
    size_t most;
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || !filling()) return false;
      to = target_ + filled_;
      most = size_ - filled_;
    }
    const ssize_t got = pull(samples_, to, most);
    if (got == 0) return false;
    const std::lock_guard lock(mutex_);
    if (got < 0) return ended_ = true;
    filled_ += static_cast<size_t>(got);
    if (filled_ == size_) return true;
  }
}

// Calls the listener. Returns false when nobody can be notified any more.
bool OutputReader::notify(bool frame) {
  {
    const std::lock_guard lock(mutex_);
    if (notified_ || closed_ || !(frame || listening_)) return true;
    notified_ = true;
  }
  return call_(context_);
}

void OutputReader::run() {
  prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);  // ns: of this thread only
  bool idle = false;
  for (;;) {
    bool samples_ready = false, text_ready = false, line = false, frame = false;
    if (!await(&idle, &samples_ready, &text_ready)) return;
    if (text_ready && !(line = read_available_text())) {
      usleep(kLineMicroseconds);
      line = read_available_text();
    }
    if (samples_ready) {
      idle = false;
      frame = fill_samples();
      if (frame) read_available_text();  // the text about the frame comes with the same call
    }
    if ((line || frame) && !notify(frame)) return;
  }
}

}  // namespace binding
#endif

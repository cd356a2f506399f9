// Reads what a child process writes on a dedicated thread: samples straight into the memory of a frame, and text from
// its standard error. Linux only. Only the JavaScript thread may call the public functions.
#pragma once
#if defined(__linux__)
#include <pthread.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace binding {

class OutputReader {
 public:
  // Called on the reader's thread. Returns false when nobody receives the call any more.
  using Call = bool (*)(void* context);

  OutputReader() = default;
  OutputReader(const OutputReader&) = delete;
  OutputReader& operator=(const OutputReader&) = delete;
  ~OutputReader() { stop(); }

  // Creates both channels. Returns false when the system has no more descriptors.
  bool open();
  // The child's ends, until close_child_ends.
  int output() const { return output_; }
  int errors() const { return errors_; }
  void close_child_ends();
  // Starts the thread. It calls when the memory given to `fill` is full or no more samples come, and, while
  // notify_on_text is on, when a line of text is complete.
  bool start(Call call, void* context);
  // Ends the thread. Afterwards the reader touches no memory that it was given, and calls nobody.
  void stop();
  bool running() const { return running_; }

  // Begins to fill `target`, which nobody else may touch until it is full. Returns false while another is being filled.
  bool fill(uint8_t* target, size_t size);
  // Returns 1 when the target is full, -1 when no more samples come, otherwise 0.
  int fill_status();
  void notify_on_text(bool listening);
  // Copies text and returns how many bytes, or -1 at the end of the text.
  int read_text(uint8_t* to, size_t size);
  // Returns whether samples have arrived that nobody has requested.
  bool has_unrequested() const;
  // The receiver has handled the last call, so the next event may call again.
  void acknowledge();

 private:
  static constexpr size_t kTextBytes = 1 << 16;

  void close_all();
  void wake_thread() const;
  void run();
  bool filling() const { return target_ != nullptr && filled_ < size_ && !ended_; }
  bool await(bool* idle, bool* samples_ready, bool* text_ready);
  bool read_available_text();
  bool fill_samples();
  bool drain(bool* some);
  bool notify(bool frame);

  // Our ends and the descriptor that wakes the thread. They do not change while it runs.
  int samples_ = -1, text_ = -1, wake_ = -1;
  int output_ = -1, errors_ = -1;  // the child's ends
  useconds_t nap_ = 0;             // the time in which a child writes less than the socket holds
  pthread_t thread_{};
  bool running_ = false;
  Call call_ = nullptr;
  void* context_ = nullptr;

  mutable std::mutex mutex_;  // for everything below
  uint8_t* target_ = nullptr;
  size_t size_ = 0, filled_ = 0;
  bool ended_ = false;       // no more samples
  bool text_ended_ = false;  // no more text
  bool listening_ = false;   // for text
  bool notified_ = false;    // the listener was called and has not acknowledged it yet
  bool closed_ = false;
  size_t text_size_ = 0;
  char text_buffer_[kTextBytes];
};

}  // namespace binding
#endif

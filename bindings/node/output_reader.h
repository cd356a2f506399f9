// Reads what a child writes, on a thread of its own: samples straight into the memory they belong in, and text beside
// them. Linux only. Everything but the thread's work is called on one thread, that of JavaScript.
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
  // Called on the reader's thread; false when nobody hears of it any more.
  using Call = bool (*)(void* context);

  OutputReader() = default;
  OutputReader(const OutputReader&) = delete;
  OutputReader& operator=(const OutputReader&) = delete;
  ~OutputReader() { stop(); }

  // Makes what is read from and written to. False when the system has no more of them.
  bool open();
  // For the child, until it has them.
  int output() const { return output_; }
  int errors() const { return errors_; }
  void hand_over();
  // Calls when what was to be filled is full or cannot be any more, and, while listening, when a line has been said.
  bool start(Call call, void* context);
  // Afterwards nothing that was given is touched, and nobody is called.
  void stop();
  bool running() const { return running_; }

  // False while something else is filled. Nobody else may touch it until then.
  bool fill(uint8_t* target, size_t size);
  // 1 full, -1 no more comes, else 0.
  int filled();
  void listen(bool listening);
  // How many bytes of what was said were copied, -1 when there is no more to come.
  int hear(uint8_t* to, size_t size);
  // Whether samples have come that nobody has asked for.
  bool unasked() const;
  // Who was called has come: the next news is a call again.
  void called();

 private:
  static constexpr size_t kTextBytes = 1 << 16;

  void close_all();
  void rouse() const;
  void run();
  bool filling() const { return target_ != nullptr && filled_ < size_ && !ended_; }
  bool await(bool* idle, bool* samples_ready, bool* text_ready);
  bool hear_text();
  bool fill_samples();
  bool drain(bool* some);
  bool tell(bool frame);

  // Our ends, and what wakes the thread. They do not change while it runs.
  int samples_ = -1, text_ = -1, wake_ = -1;
  int output_ = -1, errors_ = -1;  // the child's
  useconds_t nap_ = 0;             // the time in which a child writes less than the socket holds
  pthread_t thread_{};
  bool running_ = false;
  Call call_ = nullptr;
  void* context_ = nullptr;

  mutable std::mutex mutex_;  // for everything below
  uint8_t* target_ = nullptr;
  size_t size_ = 0, filled_ = 0;
  bool ended_ = false;      // no more samples
  bool told_ = false;       // no more text
  bool listening_ = false;  // for text
  bool calling_ = false;    // somebody was called and has not come yet
  bool closed_ = false;
  size_t heard_ = 0;
  char said_[kTextBytes];
};

}  // namespace binding
#endif

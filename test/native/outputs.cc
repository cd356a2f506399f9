// What reads a child's outputs, with a thread that writes in the child's place; built with the sanitizers by
// core.test.ts.
//
//   outputs <seed> <rounds>
//
// In each round samples are written in pieces of any size, with text between them, and taken in pieces of other sizes:
// they must be the same, in order, and so must the text. Every other round ends in the middle. Prints each failure and
// a last line with their number.
#include "../../bindings/node/outputs/output_reader.h"

#if defined(__linux__)
#include <fcntl.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

// In Node they are libuv's.
extern "C" int uv_thread_create(pthread_t* thread, void (*entry)(void*), void* argument) {
  struct Start {
    void (*entry)(void*);
    void* argument;
  };
  const auto run = [](void* p) -> void* {
    const Start start = *static_cast<Start*>(p);
    delete static_cast<Start*>(p);
    start.entry(start.argument);
    return nullptr;
  };
  return pthread_create(thread, nullptr, run, new Start{entry, argument});
}
extern "C" int uv_thread_join(pthread_t* thread) { return pthread_join(*thread, nullptr); }

namespace {

int checks = 0, failures = 0;
void check(bool right, const char* what) {
  ++checks;
  if (right) return;
  ++failures;
  std::printf("%s\n", what);
}

uint8_t sample_at(size_t i) { return static_cast<uint8_t>(i * 31 + (i >> 8) * 7 + (i >> 16)); }

struct News {
  std::mutex mutex;
  std::condition_variable come;
  bool some = false;
  static bool call(void* context) {
    auto* news = static_cast<News*>(context);
    const std::lock_guard lock(news->mutex);
    news->some = true;
    news->come.notify_one();
    return true;
  }
  // Half a minute without news is a failure: something is waited for that has come.
  bool wait() {
    std::unique_lock lock(mutex);
    if (!come.wait_for(lock, std::chrono::seconds(30), [this] { return some; })) return false;
    some = false;
    return true;
  }
};

bool write_all(int to, const uint8_t* bytes, size_t size) {
  while (size > 0) {
    const ssize_t put = write(to, bytes, size);
    if (put <= 0) return false;
    bytes += put;
    size -= static_cast<size_t>(put);
  }
  return true;
}

void round(uint64_t seed) {
  std::mt19937_64 random(seed);
  News news;
  binding::OutputReader reader;
  if (!reader.open() || !reader.start(News::call, &news)) return check(false, "no reader");
  const size_t total = random() % 3'000'000;
  std::string text;
  for (size_t i = random() % (seed % 5 == 0 ? 20'000 : 400); i > 0; --i)
    text += "line " + std::to_string(random()) + (i % 3 == 0 ? "\n" : " ");
  const int output = fcntl(reader.output(), F_DUPFD_CLOEXEC, 0), errors = fcntl(reader.errors(), F_DUPFD_CLOEXEC, 0);
  reader.close_child_ends();

  std::thread child([=, pieces = random()] {
    std::mt19937_64 own(pieces);
    std::vector<uint8_t> bytes(total);
    for (size_t i = 0; i < total; ++i) bytes[i] = sample_at(i);
    const auto* said = reinterpret_cast<const uint8_t*>(text.data());
    for (size_t at = 0, heard = 0; at < total || heard < text.size();) {
      const size_t line = std::min<size_t>(text.size() - heard, own() % 200);
      if (!write_all(errors, said + heard, line)) break;
      heard += line;
      const size_t piece = std::min<size_t>(total - at, own() % 100'000);
      if (!write_all(output, bytes.data() + at, piece)) break;
      at += piece;
      if (own() % 16 == 0) usleep(static_cast<useconds_t>(own() % 500));
    }
    close(output);
    close(errors);
  });

  const bool whole = seed % 2 == 0;
  const size_t enough = whole ? total : total / 2;
  std::string heard;
  std::vector<uint8_t> target, piece(1 + random() % 5000);
  const auto hear = [&] {
    int count;
    while ((count = reader.read_text(piece.data(), piece.size())) > 0)
      heard.append(reinterpret_cast<char*>(piece.data()), static_cast<size_t>(count));
    return count < 0;
  };
  reader.notify_on_text(true);
  size_t taken = 0;
  bool reported = false, ended = false;
  while (!ended && (whole || taken < enough)) {
    target.assign(1 + random() % 400'000, 0);
    check(reader.fill(target.data(), target.size()), "nothing was being filled");
    // Where nobody hears of more text than is held, the child waits with it.
    if (text.size() < 50'000 && random() % 8 == 0) reader.notify_on_text(random() % 2 == 0);
    int filled;
    while ((filled = reader.fill_status()) == 0) {
      if (!news.wait()) {
        check(false, "no news");
        ended = true;
        break;
      }
      reader.acknowledge();
      if (random() % 4 == 0) usleep(3000);  // as much is said meanwhile as is held
      reported = hear();
    }
    ended = ended || filled < 0;
    if (filled > 0) {
      bool same = true;
      for (size_t i = 0; i < target.size(); ++i) same = same && target[i] == sample_at(taken + i);
      check(same, "other samples than were written");
      taken += target.size();
    } else {
      check(taken + target.size() > total, "an end before the end");
    }
  }
  if (whole) {
    reader.notify_on_text(true);
    while (!(reported = hear()) && news.wait()) reader.acknowledge();
    check(reported && heard == text, "other text than was said");
  } else {
    check(text.compare(0, heard.size(), heard) == 0, "other text than was said, until the middle");
    if (random() % 2 == 0) {
      target.assign(400'000, 0);
      (void)reader.fill(target.data(), target.size());
    }
  }
  reader.stop();
  child.join();
}

}  // namespace

int main(int, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const uint64_t seed = std::strtoull(argv[1], nullptr, 10);
  for (int i = 0, rounds = std::atoi(argv[2]); i < rounds; ++i) round(seed + static_cast<uint64_t>(i));
  std::printf("%d checks, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
#else
int main() { return 0; }
#endif

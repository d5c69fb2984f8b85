#include "audio/piped_stream.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"

namespace npuscribe::audio {
namespace {

constexpr size_t kBlock = kSampleRate / 10;
constexpr size_t kMostAhead = 600;  // blocks: a minute
constexpr std::chrono::milliseconds kLook{50};

class PipedStream final : public Stream {
  public:
    PipedStream(std::shared_ptr<InputFile> file, std::function<std::unique_ptr<Stream>()> open,
                const std::atomic<bool>* cancel)
        : file_(std::move(file)), open_(std::move(open)), cancel_(cancel), thread_([this] { decode(); }) {
        try {
            std::unique_lock lock(mutex_);
            while (!inner_ && !ended_) {
                throw_if_cancelled();
                changed_.wait_for(lock, kLook);
            }
            if (!inner_) rethrow();
        } catch (...) {
            end_thread();
            throw;
        }
    }

    ~PipedStream() override { end_thread(); }
    PipedStream(const PipedStream&) = delete;
    PipedStream& operator=(const PipedStream&) = delete;

    bool wait() override {
        std::unique_lock lock(mutex_);
        while (position_ == block_.size() && ready_.empty() && !ended_) {
            throw_if_cancelled();
            if (!told_silence_ && file_->pipe()->is_silent(kPipePause)) {
                told_silence_ = true;
                return false;
            }
            changed_.wait_for(lock, kLook);
        }
        told_silence_ = false;
        return true;
    }

    size_t read(std::span<float> out) override {
        size_t done = 0;
        while (done < out.size()) {
            if (position_ == block_.size() && !next_block(done == 0)) break;
            const size_t count = std::min(out.size() - done, block_.size() - position_);
            std::copy_n(block_.begin() + static_cast<ptrdiff_t>(position_), count,
                        out.begin() + static_cast<ptrdiff_t>(done));
            position_ += count;
            done += count;
        }
        return done;
    }

    std::optional<double> duration() const override {
        const std::lock_guard lock(mutex_);
        return duration_;
    }
    std::string description() const override {
        const std::lock_guard lock(mutex_);
        return description_;
    }
    std::vector<std::string> warnings() const override {
        const std::lock_guard lock(mutex_);
        return warnings_;
    }

  private:
    void throw_if_cancelled() const {
        if (cancel_ != nullptr && *cancel_) throw Cancelled();
    }

    /// To a decoder, a pipe whose reading was cancelled looks like a file that breaks off.
    [[noreturn]] void rethrow() const {
        throw_if_cancelled();
        std::rethrow_exception(error_);
    }

    /// False at the end, or if there is none now and it is not to wait for one.
    bool next_block(bool wait) {
        std::unique_lock lock(mutex_);
        while (ready_.empty() && !ended_) {
            if (!wait) return false;
            throw_if_cancelled();
            changed_.wait_for(lock, kLook);
        }
        if (ready_.empty()) {
            if (wait && error_) rethrow();
            return false;
        }
        block_ = std::move(ready_.front());
        position_ = 0;
        ready_.pop_front();
        changed_.notify_all();
        return true;
    }

    void end_thread() {
        {
            const std::lock_guard lock(mutex_);
            leave_ = true;
        }
        file_->leave();
        changed_.notify_all();
        thread_.join();
    }

    void decode() {
        std::exception_ptr error;
        try {
            std::unique_ptr<Stream> opened = open_();
            Stream& stream = *opened;
            {
                const std::lock_guard lock(mutex_);
                inner_ = std::move(opened);
                duration_ = stream.duration();
                description_ = stream.description();
            }
            changed_.notify_all();
            while (decode_block(stream)) {
            }
        } catch (...) {
            error = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        error_ = error;
        ended_ = true;
        changed_.notify_all();
    }

    bool decode_block(Stream& stream) {
        std::vector<float> block(kBlock);
        block.resize(stream.read(block));
        if (block.empty()) {
            file_->pipe()->check();
            return false;
        }
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return leave_ || ready_.size() < kMostAhead; });
        if (leave_) return false;
        ready_.push_back(std::move(block));
        duration_ = stream.duration();
        warnings_ = stream.warnings();
        changed_.notify_all();
        return true;
    }

    std::shared_ptr<InputFile> file_;
    const std::function<std::unique_ptr<Stream>()> open_;
    const std::atomic<bool>* cancel_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::unique_ptr<Stream> inner_;  // used on the thread alone
    std::deque<std::vector<float>> ready_;
    std::optional<double> duration_;
    std::string description_;
    std::vector<std::string> warnings_;
    bool ended_ = false;
    std::exception_ptr error_;  // once it has ended
    bool leave_ = false;
    bool told_silence_ = false;

    std::vector<float> block_;  // the reader's
    size_t position_ = 0;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<Stream> piped_stream(std::shared_ptr<InputFile> file,
                                     std::function<std::unique_ptr<Stream>()> open,
                                     const std::atomic<bool>* cancel) {
    return std::make_unique<PipedStream>(std::move(file), std::move(open), cancel);
}

}  // namespace npuscribe::audio

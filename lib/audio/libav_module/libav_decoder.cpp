extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <mutex>
#include <string_view>

#include "audio/file_decoder.h"
#include "audio/libav_module/libav_module.h"
#include "audio/libav_module/libav_samples.h"
#include "audio/libav_module/libav_tracks.h"
#include "audio/time_line.h"
#include "base/error.h"

namespace npuscribe::audio {
namespace {

constexpr int kIoBuffer = 1 << 16;
// The sample tables of a day of mp4 fit into it; those of an absurd header do not.
constexpr size_t kLargestAllocation = size_t{512} << 20;
constexpr double kCompared = 5;  // seconds of sound that are compared with what they may repeat

// Containers that hold the sound themselves. Play lists (hls, concat, dash …) open other files and addresses;
// an audio file must never make this program do that.
constexpr const char* kContainers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,aac,flac,wav,w64,aiff,caf,asf,avi,mpegts,mpeg,flv,amr,ac3,"
    "eac3,dts,"
    "ape,wv,tta,tak,au,mpc,mpc8,oma,rm,mxf";

struct FreeInput {
    void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
struct FreeIo {
    void operator()(AVIOContext* context) const {
        av_freep(&context->buffer);
        avio_context_free(&context);
    }
};
struct FreeCodec {
    void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
    void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
    void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};

/// What libav reads from: a file descriptor with a position of our own.
struct Source {
    const InputFile* file = nullptr;
    int64_t position = 0;
};

int read_source(void* opaque, uint8_t* buffer, int count) {
    auto& source = *static_cast<Source*>(opaque);
    const int64_t done = source.file->read_at(buffer, count, source.position);
    if (done < 0) return AVERROR(EIO);
    if (done == 0) return AVERROR_EOF;
    source.position += done;
    return static_cast<int>(done);
}

int64_t seek_source(void* opaque, int64_t offset, int whence) {
    auto& source = *static_cast<Source*>(opaque);
    if ((whence & AVSEEK_SIZE) != 0) return source.file->size();
    int64_t base = 0;
    if (whence == SEEK_CUR) base = source.position;
    if (whence == SEEK_END) base = source.file->size();
    if (offset > INT64_MAX - base || base + offset < 0) return AVERROR(EINVAL);
    source.position = base + offset;
    return source.position;
}

std::string error_text(int code) {
    char text[AV_ERROR_MAX_STRING_SIZE] = {};
    av_strerror(code, text, sizeof text);
    return text;
}

/// ID3 and APE tags lie between frames. A demuxer that has lost its place takes them for audio.
bool holds_tag(const AVPacket& packet) {
    const std::string_view bytes(reinterpret_cast<const char*>(packet.data),
                                 static_cast<size_t>(packet.size));
    return bytes.find("ID3") != bytes.npos || bytes.find("APETAGEX") != bytes.npos;
}

class LibavDecoder final : public FileDecoder {
  public:
    LibavDecoder(const InputFile& file, const std::string& track) : name_(file.name()), source_{&file, 0} {
        static std::once_flag once;
        std::call_once(once, [] {
            av_log_set_level(AV_LOG_QUIET);  // errors become exceptions
            av_max_alloc(kLargestAllocation);
        });
        open_container(track);
        open_codec();
        open_time_line();
        // Rate and channels are not certain before the first frame is decoded.
        while (ready_.empty() && !ended_) advance();
        if (ready_.empty())
            throw InputError(fmt::format("{} holds no audio: not one frame of it can be decoded", name_));
        take_format(ready_.front());
    }

    const Format& format() const override { return format_; }

    void read(std::vector<float>& block) override {
        block.clear();
        silence_before_ = 0;
        while (ready_.empty() && !ended_) advance();
        if (ready_.empty()) {
            check_end();
            return;
        }
        Chunk& chunk = ready_.front();
        take_format(chunk);
        silence_before_ = chunk.silence;
        block.swap(chunk.samples);
        ready_.pop_front();
    }

    double silence_before() const override { return silence_before_; }

  private:
    /// Decoded sound of one format.
    struct Chunk {
        double silence = 0;  // seconds of it before the samples
        int sample_rate = 0;
        int channels = 0;
        std::vector<float> samples;  // interleaved
    };
    /// Sound that may repeat what came before it.
    struct Doubt {
        double overlap = 0;  // seconds
        Chunk chunk;
    };

    [[noreturn]] void refuse(const std::string& why) const {
        throw InputError(fmt::format("{} is not readable audio: {}", name_, why));
    }

    void open_container(const std::string& track) {
        auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBuffer));
        if (buffer == nullptr) throw std::bad_alloc();
        io_.reset(avio_alloc_context(buffer, kIoBuffer, 0, &source_, read_source, nullptr,
                                     source_.file->forward() ? nullptr : seek_source));
        if (!io_) throw std::bad_alloc();
        AVFormatContext* context = avformat_alloc_context();
        if (context == nullptr) throw std::bad_alloc();
        context->pb = io_.get();
        AVDictionary* options = nullptr;
        av_dict_set(&options, "format_whitelist", kContainers, 0);
        av_dict_set(&options, "protocol_whitelist", "none", 0);
        const int opened =
            avformat_open_input(&context, "", nullptr, &options);  // frees `context` when it fails
        av_dict_free(&options);
        if (opened < 0) refuse(error_text(opened));
        container_.reset(context);
        if (const int found = avformat_find_stream_info(context, nullptr); found < 0)
            refuse(error_text(found));
        const ChosenTrack chosen = choose_track(*context, track, name_);
        for (unsigned i = 0; i < context->nb_streams; ++i) {
            if (context->streams[i] != chosen.stream) context->streams[i]->discard = AVDISCARD_ALL;
        }
        stream_ = chosen.stream;
        format_.track_note = chosen.note;
        codec_.reset(avcodec_alloc_context3(chosen.codec));
        frame_.reset(av_frame_alloc());
        packet_.reset(av_packet_alloc());
        if (!codec_ || !frame_ || !packet_) throw std::bad_alloc();
    }

    void open_codec() {
        int status = avcodec_parameters_to_context(codec_.get(), stream_->codecpar);
        codec_->pkt_timebase = stream_->time_base;
        codec_->thread_count = 1;
        if (status >= 0) status = avcodec_open2(codec_.get(), nullptr, nullptr);
        if (status < 0) refuse(error_text(status));

        const std::string container = container_->iformat->name;
        format_.name = codec_->codec->long_name != nullptr ? codec_->codec->long_name : codec_->codec->name;
        format_.name = format_.name.substr(0, format_.name.find(" ("));
        if (container_->duration > 0)
            format_.duration = static_cast<double>(container_->duration) / AV_TIME_BASE;
        // Only these containers state the length of the audio track itself.
        const bool states_length = container.find("mp4") != std::string::npos || container == "mp3";
        if (states_length && stream_->duration > 0 && stream_->duration != AV_NOPTS_VALUE) {
            promised_ = static_cast<double>(stream_->duration) * av_q2d(stream_->time_base);
        }
    }

    void open_time_line() {
        const std::string container = container_->iformat->name;
        const auto is = [&](const char* name) { return container.find(name) != std::string::npos; };
        // The other containers have no time stamps of their own: FFmpeg's libraries count samples or bytes.
        has_stamps_ = is("matroska") || is("mp4") || is("mpeg") || is("flv") || is("asf") || is("ogg") ||
                      is("flac") || is("mxf") || is("rm");
        std::optional<double> begin;
        if (container_->start_time != AV_NOPTS_VALUE)
            begin = static_cast<double>(container_->start_time) / AV_TIME_BASE;
        time_line_.emplace(begin, is("mpeg") || is("flv"));
    }

    void take_format(const Chunk& chunk) {
        format_.sample_rate = chunk.sample_rate;
        format_.channels = chunk.channels;
    }

    /// Decodes one more frame, or finds that there is none.
    void advance() {
        const int status = avcodec_receive_frame(codec_.get(), frame_.get());
        if (status == 0) {
            take_frame();
        } else if (status == AVERROR_EOF) {
            ended_ = true;
            settle_doubt();
        } else if (status == AVERROR(EAGAIN)) {
            feed();
        } else {
            note_damage();
        }
    }

    /// Sends the next packet from the container to the codec, or its end.
    void feed() {
        while (true) {
            const int status = av_read_frame(container_.get(), packet_.get());
            if (status < 0) {
                if (status != AVERROR_EOF) broken_container_ = error_text(status);
                avcodec_send_packet(codec_.get(), nullptr);
                return;
            }
            const bool ours = packet_->stream_index == stream_->index;
            if (ours) packet_holds_tag_ = holds_tag(*packet_);
            const int sent = ours ? avcodec_send_packet(codec_.get(), packet_.get()) : 0;
            av_packet_unref(packet_.get());
            if (sent < 0) note_damage();
            if (ours) return;
        }
    }

    /// A packet that cannot be decoded means a cut file if it is the first or the last, and damage if it lies
    /// between good ones, unless it is the tag between two mp3 files that somebody joined.
    void note_damage() { damaged_ = damaged_ || (second() > 0 && !packet_holds_tag_); }

    void take_frame() {
        const AVFrame& frame = *frame_;
        if (damaged_ && damages_++ == 0) damage_at_ = second();
        damaged_ = false;
        Chunk chunk{0, frame.sample_rate, frame.ch_layout.nb_channels, {}};
        if (chunk.sample_rate <= 0 || chunk.channels <= 0 || frame.nb_samples <= 0) return;
        if (!append_interleaved(frame, chunk.samples))
            refuse("FFmpeg's libraries give an unknown sample format");
        const std::optional<double> stamp = stamp_of(frame);
        const double seconds = static_cast<double>(frame.nb_samples) / frame.sample_rate;
        av_frame_unref(frame_.get());
        if (doubt_ && !(time_line_->follows(stamp) && same_format(doubt_->chunk, chunk))) settle_doubt();
        const TimeLine::Step step = time_line_->next(stamp, seconds);
        chunk.silence = step.silence;
        if (step.overlap > 0) {
            doubt_ = Doubt{step.overlap, {}};
            doubt_->chunk = std::move(chunk);
        } else if (doubt_) {
            auto& held = doubt_->chunk.samples;
            held.insert(held.end(), chunk.samples.begin(), chunk.samples.end());
        } else {
            give(std::move(chunk));
        }
        if (doubt_ && seconds_of(doubt_->chunk) >= std::min(doubt_->overlap, kCompared)) settle_doubt();
    }

    /// Nothing if the frame has no time stamp of its own. The first one tells how late the track begins.
    std::optional<double> stamp_of(const AVFrame& frame) const {
        const int64_t stamp = frame.best_effort_timestamp;
        if (stamp == AV_NOPTS_VALUE || (!has_stamps_ && second() > 0)) return std::nullopt;
        return static_cast<double>(stamp) * av_q2d(stream_->time_base);
    }

    static bool same_format(const Chunk& a, const Chunk& b) {
        return a.sample_rate == b.sample_rate && a.channels == b.channels;
    }
    static double seconds_of(const Chunk& chunk) {
        return static_cast<double>(chunk.samples.size()) / chunk.channels / chunk.sample_rate;
    }

    /// Drops the sound in doubt if it repeats what came before it, and what follows up to its time.
    void settle_doubt() {
        if (!doubt_) return;
        Doubt doubt = std::move(*doubt_);
        doubt_.reset();
        Chunk& chunk = doubt.chunk;
        if (recent_.heard(chunk.samples, chunk.channels, chunk.sample_rate, doubt.overlap)) {
            time_line_->repeat(doubt.overlap);
            repeated_ = doubt.overlap;
        } else {
            time_line_->keep(doubt.overlap);
        }
        give(std::move(chunk));
    }

    /// Makes a chunk ready to be read, without what is repeated.
    void give(Chunk chunk) {
        if (chunk.silence > 0) {
            repeated_ = 0;
            recent_.add_silence(chunk.silence);
        }
        if (repeated_ > 0) {
            const double dropped = std::min(repeated_, seconds_of(chunk));
            const auto frames = static_cast<size_t>(std::llround(dropped * chunk.sample_rate));
            const size_t count = std::min(frames * static_cast<size_t>(chunk.channels), chunk.samples.size());
            chunk.samples.erase(chunk.samples.begin(), chunk.samples.begin() + static_cast<ptrdiff_t>(count));
            repeated_ -= dropped;
            if (repeated_ * chunk.sample_rate < 1) repeated_ = 0;
        }
        if (chunk.samples.empty()) return;
        recent_.add(chunk.samples, chunk.channels, chunk.sample_rate);
        ready_.push_back(std::move(chunk));
    }

    double second() const { return time_line_ ? time_line_->position() : 0; }

    void check_end() const {
        if (!broken_container_.empty()) {
            throw InputError(
                fmt::format("{} breaks off at {}: {}", name_, seconds_text(second()), broken_container_));
        }
        if (damages_ > 0) {
            const std::string places =
                damages_ > 1 ? fmt::format(" and at {} more places", damages_ - 1) : std::string();
            throw InputError(fmt::format("{} is damaged at {}{}", name_, seconds_text(damage_at_), places));
        }
        if (!promised_) {
            check_file_end(*source_.file, second());
            return;
        }
        // A codec's padding is no break, nor is a difference to a length that an mp3 only estimates.
        if (second() + std::max(kLeastMissing, 0.01 * *promised_) <= *promised_) {
            throw InputError(fmt::format("{} breaks off at {}: its header promises {}", name_,
                                         seconds_text(second()), seconds_text(*promised_)));
        }
    }

    std::string name_;
    Source source_;
    Format format_;
    std::unique_ptr<AVIOContext, FreeIo> io_;
    std::unique_ptr<AVFormatContext, FreeInput> container_;
    std::unique_ptr<AVCodecContext, FreeCodec> codec_;
    std::unique_ptr<AVFrame, FreeFrame> frame_;
    std::unique_ptr<AVPacket, FreePacket> packet_;
    AVStream* stream_ = nullptr;
    bool has_stamps_ = false;
    std::optional<TimeLine> time_line_;
    RecentSound recent_;
    std::optional<Doubt> doubt_;
    double repeated_ = 0;  // seconds that are still to be dropped
    std::deque<Chunk> ready_;
    double silence_before_ = 0;
    bool ended_ = false;
    bool packet_holds_tag_ = false;
    bool damaged_ = false;  // since the last good frame
    int damages_ = 0;
    double damage_at_ = 0;  // the first of them, in seconds
    std::optional<double> promised_;
    std::string broken_container_;
};

}  // namespace

}  // namespace npuscribe::audio

extern "C" {

npuscribe::audio::FileDecoder* npuscribe_libav_open(const npuscribe::audio::InputFile& file,
                                                    const std::string& track) {
    return new npuscribe::audio::LibavDecoder(file, track);
}

const char* npuscribe_libav_version() {
    static const std::string text = [] {
        const unsigned version = avformat_version();
        return fmt::format("libavformat {}.{}.{}", AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version),
                           AV_VERSION_MICRO(version));
    }();
    return text.c_str();
}
}

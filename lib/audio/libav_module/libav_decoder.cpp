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
#include <mutex>
#include <string_view>

#include "audio/file_decoder.h"
#include "audio/libav_module/libav_module.h"
#include "audio/libav_module/libav_samples.h"
#include "base/error.h"

namespace npuscribe::audio {
namespace {

constexpr int kIoBuffer = 1 << 16;
// The sample tables of a day of mp4 fit into it; those of an absurd header do not.
constexpr size_t kLargestAllocation = size_t{512} << 20;
constexpr double kLongestLead = 3600;  // seconds by which an audio track can start late; more is an error

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
    explicit LibavDecoder(const InputFile& file) : name_(file.name()), source_{&file, 0} {
        static std::once_flag once;
        std::call_once(once, [] {
            av_log_set_level(AV_LOG_QUIET);  // errors become exceptions
            av_max_alloc(kLargestAllocation);
        });
        open_container();
        open_codec();
        first_block();
    }

    const Format& format() const override { return format_; }

    void read(std::vector<float>& block) override {
        block.clear();
        if (!first_.empty()) {
            block.swap(first_);
        } else {
            decode(block);
        }
    }

  private:
    [[noreturn]] void refuse(const std::string& why) const {
        throw InputError(fmt::format("{} is not readable audio: {}", name_, why));
    }

    void open_container() {
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
        const AVCodec* codec = nullptr;
        const int index = av_find_best_stream(context, AVMEDIA_TYPE_AUDIO, -1, -1, &codec, 0);
        if (index < 0 || codec == nullptr) refuse("it has no audio track that FFmpeg's libraries decode");
        for (unsigned i = 0; i < context->nb_streams; ++i) {
            if (static_cast<int>(i) != index) context->streams[i]->discard = AVDISCARD_ALL;
        }
        stream_ = context->streams[index];
        codec_.reset(avcodec_alloc_context3(codec));
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

    /// Decodes the first frame, because rate and channels are not certain before, and puts silence before a
    /// late track.
    void first_block() {
        decode(first_);
        if (first_.empty())
            throw InputError(fmt::format("{} holds no audio: not one frame of it can be decoded", name_));
        if (lead_ > 0) {
            const double frames = std::round(lead_ * format_.sample_rate);
            first_.insert(first_.begin(), static_cast<size_t>(frames) * static_cast<size_t>(format_.channels),
                          0.0F);
        }
    }

    /// Appends at least one decoded frame, or nothing at the end.
    void decode(std::vector<float>& block) {
        while (block.empty()) {
            const int status = avcodec_receive_frame(codec_.get(), frame_.get());
            if (status == 0) {
                take_frame(block);
            } else if (status == AVERROR_EOF) {
                check_end();
                return;
            } else if (status == AVERROR(EAGAIN)) {
                feed();
            } else {
                note_damage();
            }
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
    void note_damage() { damaged_ = damaged_ || (frames_ > 0 && !packet_holds_tag_); }

    void take_frame(std::vector<float>& block) {
        const AVFrame& frame = *frame_;
        if (damaged_) throw InputError(fmt::format("{} is damaged at {}", name_, seconds_text(second())));
        if (frames_ == 0) {
            format_.sample_rate = frame.sample_rate;
            format_.channels = frame.ch_layout.nb_channels;
            lead_ = lead_silence(frame);
        }
        if (frame.sample_rate != format_.sample_rate || frame.ch_layout.nb_channels != format_.channels) {
            throw InputError(fmt::format(
                "{} changes its sample rate or number of channels at {}; convert it to one format "
                "first",
                name_, seconds_text(second())));
        }
        if (!append_interleaved(frame, block)) refuse("FFmpeg's libraries give an unknown sample format");
        frames_ += frame.nb_samples;
        av_frame_unref(frame_.get());
    }

    /// Seconds by which the audio track starts later than the file, as in a video with late sound.
    double lead_silence(const AVFrame& frame) const {
        const int64_t pts = frame.best_effort_timestamp;
        if (pts == AV_NOPTS_VALUE || container_->start_time == AV_NOPTS_VALUE) return 0;
        const double late = static_cast<double>(pts) * av_q2d(stream_->time_base) -
                            static_cast<double>(container_->start_time) / AV_TIME_BASE;
        return late > 0.1 && late <= kLongestLead ? late : 0;  // below 0.1 s it is the codec's own delay
    }

    double second() const {
        return format_.sample_rate > 0 ? lead_ + static_cast<double>(frames_) / format_.sample_rate : 0;
    }

    void check_end() const {
        if (!broken_container_.empty()) {
            throw InputError(
                fmt::format("{} breaks off at {}: {}", name_, seconds_text(second()), broken_container_));
        }
        // A codec's padding is no break, nor is a difference to a length that an mp3 only estimates.
        if (promised_ && second() + std::max(1.0, 0.01 * *promised_) < *promised_) {
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
    std::vector<float> first_;
    int64_t frames_ = 0;
    double lead_ = 0;
    bool packet_holds_tag_ = false;
    bool damaged_ = false;
    std::optional<double> promised_;
    std::string broken_container_;
};

}  // namespace

}  // namespace npuscribe::audio

extern "C" {

npuscribe::audio::FileDecoder* npuscribe_libav_open(const npuscribe::audio::InputFile& file) {
    return new npuscribe::audio::LibavDecoder(file);
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

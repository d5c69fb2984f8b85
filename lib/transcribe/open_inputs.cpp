#include "transcribe/open_inputs.h"

#include <utility>

#include "audio/clips.h"

namespace npuscribe {

FileJob& OpenInputs::job(size_t input) {
    const auto [job, added] = jobs_.try_emplace(input, settings_, clips_.of(input));
    if (added && events_.resume_from && settings_.independent()) {
        if (auto part = events_.resume_from(input)) job->second.resume(std::move(*part));
    }
    return job->second;
}

void OpenInputs::window_finished(size_t input) {
    FileJob& job = this->job(input);
    tell_segments(input, job);
    if (events_.on_part && settings_.independent()) {
        if (const auto part = job.take_part()) events_.on_part(input, *part);
    }
    tell_progress(input, job);
    if (job.done()) tell_results();
}

void OpenInputs::window_encoded(size_t input, FileJob::Place place, const EncodedWindow& window) {
    FileJob& job = this->job(input);
    job.add_encoding(place, window);
    tell_progress(input, job);
}

void OpenInputs::tell_progress(size_t input, const FileJob& job) const {
    if (!events_.on_progress) return;
    const auto& clips = clips_.of(input);
    events_.on_progress(input, audio::seconds_of_clips(clips, job.seconds_done()),
                        audio::seconds_of_clips(clips, job.input_seconds()));
}

void OpenInputs::input_ended(const SourceEnd& end) {
    FileJob& job = this->job(end.input);
    job.end(end);
    tell_segments(end.input, job);
    if (job.done()) tell_results();
}

void OpenInputs::tell_segments(size_t input, FileJob& job) const {
    if (!events_.on_segment) return;
    for (const Segment& segment : job.take_segments()) events_.on_segment(input, segment);
}

void OpenInputs::tell_results() {
    for (auto next = jobs_.find(told_); next != jobs_.end() && next->second.done();
         next = jobs_.find(told_)) {
        FileJob& finished = next->second;
        const size_t input = told_++;
        sum_ += finished.timing();
        if (finished.error()) {
            if (events_.on_error) events_.on_error(input, *finished.error());
        } else if (events_.on_done) {
            events_.on_done(input, finished.transcript(), finished.timing());
        }
        jobs_.erase(next);
    }
}

}  // namespace npuscribe

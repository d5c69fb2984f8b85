#include "encoder/encode_model.h"

#include <chrono>

namespace npuscribe {

EncoderTimes& EncoderTimes::operator+=(const EncoderTimes& other) {
    stem += other.stem;
    quantise += other.quantise;
    matmul += other.matmul;
    attention += other.attention;
    norm += other.norm;
    return *this;
}

EncoderTimes EncoderTimes::operator-(const EncoderTimes& other) const {
    return {stem - other.stem, quantise - other.quantise, matmul - other.matmul, attention - other.attention,
            norm - other.norm};
}

void EncodeModel::encode_job(EncodeJob& job) {
    const EncoderTimes before = times();
    job.span.begin = Span::Clock::now();
    try {
        encode(job.mel, job.out);
    } catch (...) {
        job.error = std::current_exception();
    }
    job.span.end = Span::Clock::now();
    job.seconds = std::chrono::duration<double>(job.span.end - job.span.begin).count();
    job.times = times() - before;
}

void EncodeModel::encode_pair(EncodeJob& first, EncodeJob& second) {
    encode_job(first);
    encode_job(second);
}

}  // namespace npuscribe

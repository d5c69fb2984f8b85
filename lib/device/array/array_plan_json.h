#pragma once

namespace npuscribe::array {

extern const char* const kPlanJson;

}  // namespace npuscribe::array

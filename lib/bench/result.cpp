#include "bench/result.h"

#include <algorithm>

namespace npuscribe::bench {

std::string_view name(Origin origin) {
    switch (origin) {
        case Origin::measured:
            return "measured";
        case Origin::modelled:
            return "modelled";
        case Origin::stated:
            return "study";
        case Origin::computed:
            return "computed";
    }
    return "?";
}

std::string_view name(Outcome outcome) {
    switch (outcome) {
        case Outcome::pass:
            return "pass";
        case Outcome::fail:
            return "FAIL";
        case Outcome::not_measured:
            return "not measured";
    }
    return "?";
}

Outcome Criterion::outcome() const {
    if (!got) return Outcome::not_measured;
    const bool met = relation == Relation::below ? *got < limit : *got >= limit;
    return met ? Outcome::pass : Outcome::fail;
}

bool Result::all_met() const {
    return std::all_of(criteria.begin(), criteria.end(),
                       [](const Criterion& c) { return c.outcome() == Outcome::pass; });
}

}  // namespace npuscribe::bench

#include "option.h"

#include "base/error.h"
#include "catch.h"

namespace npuscribe::app {
namespace {

std::string refusal(const Binding& binding, const std::string& given) {
    return test::message_of<UsageError>([&] { binding.set(given); });
}

}  // namespace

TEST_CASE("a whole number is taken inside its range, and nothing else is") {
    int value = 5;
    const Binding binding = integer(value, 1, 16);
    CHECK(binding.get() == "5");
    binding.set("16");
    CHECK(value == 16);
    binding.set("+1");
    CHECK(value == 1);
    for (const char* wrong : {"0", "17", "", "x", "3x", "1.5", " 2", "99999999999999999999"}) {
        INFO(wrong);
        CHECK(test::contains(refusal(binding, wrong), "allowed is a whole number from 1 to 16"));
        CHECK(refusal(binding, wrong).starts_with(std::string(1, '\'').append(wrong).append("' was given")));
    }
    CHECK(value == 1);
}

TEST_CASE("a number is finite and inside its range") {
    double value = 0.2;
    const Binding binding = number(value, 0, 1);
    CHECK(binding.get() == "0.2");
    binding.set("1e-1");
    CHECK(value == 0.1);
    for (const char* wrong : {"nan", "inf", "-0.1", "1.1", "0,5", "", "0.5 "}) {
        INFO(wrong);
        CHECK(test::contains(refusal(binding, wrong), "allowed is a number from 0 to 1"));
    }
}

TEST_CASE("'none', in any case, switches a threshold off") {
    std::optional<double> value = -1.0;
    const Binding binding = number_or_none(value, -100, 0);
    CHECK(binding.get() == "-1");
    binding.set("None");
    CHECK_FALSE(value.has_value());
    CHECK(binding.get() == "none");
    binding.set("-0.5");
    CHECK(value == -0.5);
    CHECK(test::contains(refusal(binding, "off"), "or none"));
}

TEST_CASE("a switch understands what people write for yes and no") {
    bool value = false;
    const Binding binding = toggle(value);
    for (const char* yes : {"true", "True", "yes", "on", "1"}) {
        value = false;
        binding.set(yes);
        CHECK(value);
    }
    for (const char* no : {"false", "False", "no", "off", "0"}) {
        value = true;
        binding.set(no);
        CHECK_FALSE(value);
    }
    CHECK(test::contains(refusal(binding, "maybe"), "true or false"));
}

TEST_CASE("a choice is one of its words") {
    std::string value = "cpu";
    const Binding binding = one_of(value, {"auto", "cpu"});
    binding.set("auto");
    CHECK(value == "auto");
    CHECK(refusal(binding, "gpu") == "'gpu' was given; allowed is auto, cpu");
}

TEST_CASE("times are seconds, or have minutes and hours before colons") {
    CHECK(time_in_seconds("90") == test::Approx(90));
    CHECK(time_in_seconds("0.25") == test::Approx(0.25));
    CHECK(time_in_seconds("1:30") == test::Approx(90));
    CHECK(time_in_seconds("01:02:03.5") == test::Approx(3723.5));
    CHECK(time_in_seconds("90:00") == test::Approx(5400));
    for (const char* wrong :
         {"", ":", "1:", "1:60", "1:2:3:4", "-1", "1e3", "nan", "1.5:00", "ten", " 1", "."}) {
        INFO(wrong);
        CHECK_THROWS_AS(time_in_seconds(wrong), UsageError);
    }
}

}  // namespace npuscribe::app

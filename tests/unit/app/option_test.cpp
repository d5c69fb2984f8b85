#include "option.h"

#include "base/error.h"
#include "catch.h"
#include "command_line.h"

namespace npuscribe::app {
namespace {

/// A command with one option, --x, bound to `variable`.
template <class T>
class One {
  public:
    template <class Allowed>
    One(T& variable, const Allowed& allowed) {
        root_.option_defaults()->take_last();
        option_ = option<T>(root_, "--x", "X", variable, allowed, "An option");
    }
    void set(const std::string& value) { parse(root_, {"--x", value}); }
    std::string refusal(const std::string& value) {
        return test::message_of<UsageError>([&] { set(value); });
    }
    std::string present() { return option_->capture_default_str()->get_default_str(); }
    const CLI::Option& declared() const { return *option_; }

  private:
    CLI::App root_;
    CLI::Option* option_;
};

std::string message(const std::string& given, const std::string& expected) {
    return "invalid value '" + given + "' for --x: expected " + expected;
}

}  // namespace

TEST_CASE("a whole number is taken inside its range, and nothing else is") {
    int value = 5;
    One<int> x(value, whole_number(1, 16));
    CHECK(x.present() == "5");
    x.set("16");
    CHECK(value == 16);
    x.set("+1");
    CHECK(value == 1);
    x.set("010");  // not octal
    CHECK(value == 10);
    CHECK(x.present() == "10");
    for (const char* wrong : {"0", "17", "", "x", "3x", "1.5", " 2", "0x8", "99999999999999999999"}) {
        INFO(wrong);
        CHECK(x.refusal(wrong) == message(wrong, "a whole number from 1 to 16"));
    }
    CHECK(value == 10);
}

TEST_CASE("a number is finite and inside its range") {
    double value = 0.2;
    One<double> x(value, number(0, 1));
    CHECK(x.present() == "0.2");
    x.set("1e-1");
    CHECK(value == 0.1);
    for (const char* wrong : {"nan", "inf", "-0.1", "1.1", "0,5", "", "0.5 "}) {
        INFO(wrong);
        CHECK(x.refusal(wrong) == message(wrong, "a number from 0 to 1"));
    }
}

TEST_CASE("'none', in any case, switches a threshold off") {
    std::optional<double> value = -1.0;
    One<std::optional<double>> x(value, or_none(number(-100, 0)));
    CHECK(x.present() == "-1");
    x.set("None");
    CHECK_FALSE(value.has_value());
    CHECK(x.present() == "none");
    x.set("-0.5");
    CHECK(value == -0.5);
    CHECK(x.refusal("off") == message("off", "a number from -100 to 0, or none"));
    CHECK(x.refusal("") == message("", "a number from -100 to 0, or none"));
}

TEST_CASE("a switch understands what people write for yes and no") {
    bool value = false;
    CLI::App app;
    toggle(app, "-x,--extra", value, "A switch");
    for (const char* yes : {"true", "True", "yes", "on", "1"}) {
        value = false;
        parse(app, {std::string("--extra=") + yes});
        CHECK(value);
        parse(app, {std::string("--no-extra=") + yes});
        CHECK_FALSE(value);
    }
    for (const char* no : {"false", "False", "no", "off", "0"}) {
        value = true;
        parse(app, {std::string("--extra=") + no});
        CHECK_FALSE(value);
    }
    parse(app, {"--no-extra", "-x"});
    CHECK(value);
    CHECK(test::message_of<UsageError>([&] { parse(app, {"--extra=maybe"}); }) ==
          "invalid value 'maybe' for --extra: expected true or false");
}

TEST_CASE("a choice is one of its words") {
    std::string value = "cpu";
    One<std::string> x(value, one_of({"auto", "cpu"}));
    x.set("auto");
    CHECK(value == "auto");
    CHECK(x.refusal("gpu") == message("gpu", "one of auto, cpu"));
    CHECK(choices(x.declared()) == std::vector<std::string>{"auto", "cpu"});
}

TEST_CASE("an enumeration is set by its names alone, and shown by them") {
    enum class Colour { red, green };
    auto value = Colour::green;
    One<Colour> x(
        value, std::vector<std::pair<std::string, Colour>>{{"red", Colour::red}, {"green", Colour::green}});
    CHECK(x.present() == "green");
    x.set("red");
    CHECK(value == Colour::red);
    CHECK(x.present() == "red");
    CHECK(choices(x.declared()) == std::vector<std::string>{"red", "green"});
    CHECK(x.refusal("blue") == message("blue", "one of red, green"));
    CHECK(x.refusal("1") == message("1", "one of red, green"));
}

TEST_CASE("times are seconds, or have minutes and hours before colons") {
    double value = 0;
    One<double> x(value, time_from(0));
    const auto seconds = [&](const char* text) {
        x.set(text);
        return value;
    };
    CHECK(seconds("90") == test::Approx(90));
    CHECK(seconds("0.25") == test::Approx(0.25));
    CHECK(seconds("1:30") == test::Approx(90));
    CHECK(seconds("01:02:03.5") == test::Approx(3723.5));
    CHECK(seconds("90:00") == test::Approx(5400));
    for (const char* wrong :
         {"", ":", "1:", "1:60", "1:2:3:4", "-1", "1e3", "nan", "1.5:00", "ten", " 1", "."}) {
        INFO(wrong);
        CHECK(x.refusal(wrong) == message(wrong, "seconds, MM:SS or HH:MM:SS"));
    }
}

}  // namespace npuscribe::app

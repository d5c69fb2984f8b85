#include "model/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "model/byte_cursor.h"

namespace npuscribe::pickle {
namespace {

using Kind = Value::Kind;

// CPython, Lib/pickle.py.
enum Opcode : uint8_t {
    kMark = '(',
    kStop = '.',
    kPop = '0',
    kBinInt = 'J',
    kBinInt1 = 'K',
    kBinInt2 = 'M',
    kNone = 'N',
    kBinPersId = 'Q',
    kReduce = 'R',
    kBinUnicode = 'X',
    kAppend = 'a',
    kBuild = 'b',
    kGlobal = 'c',
    kEmptyDict = '}',
    kAppends = 'e',
    kBinGet = 'h',
    kLongBinGet = 'j',
    kEmptyList = ']',
    kBinPut = 'q',
    kLongBinPut = 'r',
    kSetItem = 's',
    kTuple = 't',
    kEmptyTuple = ')',
    kSetItems = 'u',
    kBinFloat = 'G',
    kProto = 0x80,
    kTuple1 = 0x85,
    kTuple2 = 0x86,
    kTuple3 = 0x87,
    kNewTrue = 0x88,
    kNewFalse = 0x89,
    kLong1 = 0x8A,
    kShortBinUnicode = 0x8C,
    kStackGlobal = 0x93,
    kMemoize = 0x94,
    kFrame = 0x95,
};

constexpr uint8_t kNewestProtocol = 5;

std::string plain(std::string_view text) {
    std::string out(text.substr(0, 80));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return out;
}

class Machine {
  public:
    Machine(std::span<const std::byte> bytes, std::span<const std::string_view> allowed,
            const std::string& file)
        : cursor_(bytes, file), allowed_(allowed), file_(file) {}

    Document run() {
        while (!step(cursor_.number<uint8_t>("an opcode"))) {
        }
        return std::move(document_);
    }

  private:
    [[noreturn]] void damaged(const std::string& what) const {
        throw ModelError(fmt::format("{}: is damaged: its pickle {}", file_, what));
    }

    void push(Value value) {
        document_.values.push_back(std::move(value));
        stack_.push_back(static_cast<Id>(document_.values.size() - 1));
    }
    void push(Kind kind, int64_t number = 0) { push({kind, number, {}, {}}); }
    void push_text(std::string text) { push({Kind::text, 0, std::move(text), {}}); }

    Id pop() {
        if (stack_.size() <= floor()) damaged("takes a value where there is none");
        const Id id = stack_.back();
        stack_.pop_back();
        return id;
    }
    // The value on top, which stays.
    Value& top(Kind kind, const char* what) {
        if (stack_.size() <= floor()) damaged("takes a value where there is none");
        Value& value = document_.values[stack_.back()];
        if (value.kind != kind) damaged(fmt::format("adds to something that is no {}", what));
        return value;
    }
    // Values below the last mark are out of reach.
    size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

    std::vector<Id> pop_to_mark() {
        if (marks_.empty()) damaged("goes back to a mark that it has not set");
        const auto begin = stack_.begin() + static_cast<ptrdiff_t>(marks_.back());
        std::vector<Id> items(begin, stack_.end());
        stack_.erase(begin, stack_.end());
        marks_.pop_back();
        return items;
    }
    void push_tuple(size_t size) {
        std::vector<Id> items(size);
        for (size_t i = size; i > 0; --i) items[i - 1] = pop();
        push({Kind::sequence, 0, {}, std::move(items)});
    }

    std::string text(size_t size) {
        const auto bytes = cursor_.take(size, "a text");
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    std::string line() {
        std::string out;
        for (char c = 0; (c = cursor_.number<char>("a name")) != '\n';) out += c;
        return out;
    }

    void push_global(const std::string& module, const std::string& name) {
        std::string whole = module + " " + name;
        if (std::find(allowed_.begin(), allowed_.end(), whole) == allowed_.end())
            throw ModelError(
                fmt::format("{}: is not a file of tensors alone: it would run {}.{}, and npuscribe runs "
                            "nothing that is in a file",
                            file_, plain(module), plain(name)));
        push({Kind::global, 0, std::move(whole), {}});
    }
    void stack_global() {
        const Id name = pop();
        const Id module = pop();
        if (document_[name].kind != Kind::text || document_[module].kind != Kind::text)
            damaged("names a function by something that is no text");
        push_global(std::string(document_[module].text), std::string(document_[name].text));
    }

    void push_long(size_t size) {
        if (size > sizeof(int64_t)) damaged("has a number of more than 64 bits");
        const auto bytes = cursor_.take(size, "a number");
        uint64_t value = size > 0 && (static_cast<uint8_t>(bytes.back()) & 0x80) != 0 ? ~uint64_t{0} : 0;
        for (size_t i = size; i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
        push(Kind::number, static_cast<int64_t>(value));
    }

    void put(uint32_t place) {
        if (stack_.size() <= floor()) damaged("keeps a value where there is none");
        memo_[place] = stack_.back();
    }
    void get(uint32_t place) {
        const auto found = memo_.find(place);
        if (found == memo_.end()) damaged("asks for a value that it has not kept");
        stack_.push_back(found->second);
    }

    void append(std::vector<Id> items) {
        Value& list = top(Kind::sequence, "list");
        list.items.insert(list.items.end(), items.begin(), items.end());
    }
    void set(std::vector<Id> items) {
        if (items.size() % 2 != 0) damaged("has a key without a value");
        Value& dict = top(Kind::dict, "dict");
        dict.items.insert(dict.items.end(), items.begin(), items.end());
    }

    // OrderedDict() is a dict; other calls stay what they are.
    void reduce() {
        const Id arguments = pop();
        const Id function = pop();
        if (document_[function].kind != Kind::global || document_[arguments].kind != Kind::sequence)
            damaged("calls something that is no function");
        if (document_[function].text == "collections OrderedDict") {
            if (!document_[arguments].items.empty()) damaged("fills a dict in a way that PyTorch does not");
            return push(Kind::dict);
        }
        push({Kind::call, 0, {}, {function, arguments}});
    }

    // Returns true at the end.
    bool step(uint8_t opcode) {
        switch (opcode) {
            case kProto:
                if (const auto version = cursor_.number<uint8_t>("the version"); version > kNewestProtocol)
                    damaged(fmt::format("has version {}, and {} is the newest", version, kNewestProtocol));
                break;
            case kFrame:
                cursor_.take(sizeof(uint64_t), "a frame's length");
                break;
            case kStop:
                document_.root = pop();
                return true;
            case kMark:
                marks_.push_back(stack_.size());
                break;
            case kPop:
                pop();
                break;
            case kNone:
                push(Kind::none);
                break;
            case kNewTrue:
                push(Kind::boolean, 1);
                break;
            case kNewFalse:
                push(Kind::boolean, 0);
                break;
            case kBinInt:
                push(Kind::number, cursor_.number<int32_t>("a number"));
                break;
            case kBinInt1:
                push(Kind::number, cursor_.number<uint8_t>("a number"));
                break;
            case kBinInt2:
                push(Kind::number, cursor_.number<uint16_t>("a number"));
                break;
            case kLong1:
                push_long(cursor_.number<uint8_t>("a number's length"));
                break;
            case kBinFloat:
                cursor_.take(sizeof(double), "a number");
                push(Kind::other);
                break;
            case kBinUnicode:
                push_text(text(cursor_.number<uint32_t>("a text's length")));
                break;
            case kShortBinUnicode:
                push_text(text(cursor_.number<uint8_t>("a text's length")));
                break;
            case kEmptyTuple:
            case kEmptyList:
                push(Kind::sequence);
                break;
            case kTuple1:
                push_tuple(1);
                break;
            case kTuple2:
                push_tuple(2);
                break;
            case kTuple3:
                push_tuple(3);
                break;
            case kTuple:
                push({Kind::sequence, 0, {}, pop_to_mark()});
                break;
            case kEmptyDict:
                push(Kind::dict);
                break;
            case kAppend:
                append({pop()});
                break;
            case kAppends:
                append(pop_to_mark());
                break;
            case kSetItem: {
                const Id value = pop();
                const Id key = pop();
                set({key, value});
                break;
            }
            case kSetItems:
                set(pop_to_mark());
                break;
            case kBinPut:
                put(cursor_.number<uint8_t>("a place"));
                break;
            case kLongBinPut:
                put(cursor_.number<uint32_t>("a place"));
                break;
            case kMemoize:
                put(static_cast<uint32_t>(memo_.size()));
                break;
            case kBinGet:
                get(cursor_.number<uint8_t>("a place"));
                break;
            case kLongBinGet:
                get(cursor_.number<uint32_t>("a place"));
                break;
            case kGlobal: {
                const std::string module = line();
                push_global(module, line());
                break;
            }
            case kStackGlobal:
                stack_global();
                break;
            case kBinPersId:
                push({Kind::persistent, 0, {}, {pop()}});
                break;
            case kReduce:
                reduce();
                break;
            case kBuild:  // attributes of an OrderedDict: PyTorch's versions of modules
                pop();
                top(Kind::dict, "dict");
                break;
            default:
                throw ModelError(
                    fmt::format("{}: is not a file of tensors alone: its pickle has the opcode 0x{:02X}, "
                                "which tensors do not "
                                "need",
                                file_, opcode));
        }
        return false;
    }

    ByteCursor cursor_;
    std::span<const std::string_view> allowed_;
    const std::string& file_;
    Document document_;
    std::vector<Id> stack_;
    std::vector<size_t> marks_;  // heights of the stack
    std::map<uint32_t, Id> memo_;
};

}  // namespace

const Value* Document::find(const Value& dict, std::string_view key) const {
    if (dict.kind != Kind::dict) return nullptr;
    const Value* found = nullptr;
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
        const Value& name = values[dict.items[i]];
        if (name.kind == Kind::text && name.text == key) found = &values[dict.items[i + 1]];
    }
    return found;
}

Document parse(std::span<const std::byte> bytes, std::span<const std::string_view> allowed,
               const std::string& file) {
    return Machine(bytes, allowed, file).run();
}

}  // namespace npuscribe::pickle

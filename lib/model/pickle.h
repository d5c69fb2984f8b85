#pragma once
// Python's pickle format, as far as a file of tensors needs it. A pickle is a program for a stack machine
// (CPython, Lib/pickletools.py), and Python's own machine calls whatever function a pickle names. This one
// calls nothing: it knows the opcodes that build numbers, texts, tuples, lists and dicts, and keeps what
// would be a call as its name and arguments, for the reader to look at.

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::pickle {

/// A value's number in its Document.
using Id = uint32_t;

struct Value {
    enum class Kind {
        none,
        boolean,     // `number` is 0 or 1
        number,      // a whole number
        text,        // `text`
        global,      // a function or class, `text` is "module name"; it is not looked up
        sequence,    // a tuple or list: `items`
        dict,        // `items`: key, value, key, value …
        persistent,  // something outside the pickle: its one item identifies it
        call,        // what a call would have given: its first item is the function, the second its arguments
        other,       // a value that files of tensors have and that says nothing about tensors
    };
    Kind kind = Kind::none;
    int64_t number = 0;
    std::string text;
    std::vector<Id> items;
};

/// Values refer to each other by number, so that nothing recurses, however deeply a file nests them.
struct Document {
    std::vector<Value> values;
    Id root = 0;

    const Value& operator[](Id id) const { return values[id]; }
    /// The value of a text key in a dict; null if it is no dict or has no such key. Of a key that comes
    /// twice, the last counts, as in Python.
    const Value* find(const Value& dict, std::string_view key) const;
};

/// `allowed` are the globals that may occur, as "module name". Throws ModelError, beginning with `file`, if
/// the pickle is damaged, uses another opcode or names another global.
Document parse(std::span<const std::byte> bytes, std::span<const std::string_view> allowed,
               const std::string& file);

}  // namespace npuscribe::pickle

#include "bench/project.h"

#include "base/error.h"
#include "catch.h"
#include "cells.h"

using namespace npuscribe;
using namespace npuscribe::bench;
using test::Approx;
using test::contains;
using test::message_of;
using test::number;

TEST_CASE("project: a row for each size and source, and the study's figures scaled as in the study",
          "[bench]") {
    ThreadPool pool(1);
    ProjectOptions options;
    options.models = {"base", "large"};
    options.frames = {512, 1500};
    options.measure = false;
    options.battery_watt_hours = 56;
    const Result result = project(options, pool, {});
    REQUIRE(result.tables.size() ==
            7);  // estimates, batches and designs of two sizes, and what they are compared with
    const auto find = [&](const Table& table, const std::string& name, double frames) {
        for (const Row& row : table.rows) {
            if (std::get<std::string>(row.cells.at(0)) == name && number(row, 1) == frames) return row;
        }
        FAIL("there is no row " << name);
        return Row{};
    };
    const Row base = find(result.tables[0], "Track 2, study, 15 ms a layer", 512);
    CHECK(number(base, 2) == Approx(90));
    CHECK(number(base, 3) == Approx(113.78).epsilon(1e-4));  // 10.24 s
    CHECK(number(base, 8) == Approx(0.684));                 // J
    // 0.684 J and 10 W for 90 ms, of 10.24 s: 1.584 J; 201,600 J last 127,272 times that
    CHECK(number(base, 9) == Approx(362.02).epsilon(1e-4));
    const Row large = find(result.tables[1], "Track 1, study", 1500);
    CHECK(number(large, 2) == Approx(2317.0 * 32 * 1500 / 512));
    const Row modelled = find(result.tables[0], "Track 2, array's matmuls", 1500);
    CHECK(modelled.origin == Origin::modelled);
    CHECK(number(find(result.tables[0], "Track 2, array's matmuls, at best", 1500), 2) < number(modelled, 2));
    CHECK(number(find(result.tables[0], "Track 2, array's matmuls, at worst", 1500), 2) >
          number(modelled, 2));
    const Row design = find(result.tables[4], "array's matmuls", 1500);
    CHECK(number(design, 6) == number(modelled, 2));  // now, in the middle
    CHECK(number(design, 8) == Approx(number(design, 6) / number(design, 3)));
    const Row batch = find(result.tables[2], "Track 2, study, six layers", 512);
    CHECK(number(batch, 6) == Approx(11.494).epsilon(1e-4));  // encodes a second of 8 windows
    for (const Table& table : result.tables) {
        for (const Row& row : table.rows) {
            CHECK(row.origin != Origin::measured);
            CHECK(row.cells.size() == table.columns.size());
        }
    }
}

TEST_CASE("project: measurements add the CPU's rows, and its part to the array's time", "[bench]") {
    ThreadPool pool(1);
    ProjectOptions options;
    options.models = {"tiny"};
    options.frames = {16};
    options.battery_watt_hours = 56;
    const Result result = project(options, pool, {});
    double alone = 0, together = 0, cpu = 0;
    for (const Row& row : result.tables.at(0).rows) {
        const auto& name = std::get<std::string>(row.cells.at(0));
        if (name == "Track 2, array's matmuls") alone = number(row, 2);
        if (name == "Track 2, array and this CPU's part") together = number(row, 2);
        if (name == "Track 2, this CPU, bfp16") {
            cpu = number(row, 2);
            CHECK(row.origin == Origin::measured);
        }
    }
    const Table& designs = result.tables.at(2);
    REQUIRE(designs.rows.size() == 6);
    CHECK(designs.rows[2].origin == Origin::measured);
    CHECK(number(designs.rows[2], 6) < number(designs.rows[2], 3));  // without GELU, the host has less to do
    const Row &one = designs.rows[3], &each = designs.rows[4], &both = designs.rows[5];
    CHECK(each.origin == Origin::modelled);
    CHECK(number(each, 3) == number(one, 3));  // the design before had no pairs
    CHECK(number(each, 8) == Approx(number(each, 6) / number(each, 3)));
    CHECK(number(both, 6) == Approx(2 * number(each, 6)));
    CHECK(number(both, 6) > number(one, 6));
    CHECK(alone > 0);
    CHECK(together > alone);
    CHECK(cpu > 0);
}

TEST_CASE("project: a model that is not in the catalog is a usage error", "[bench]") {
    ThreadPool pool(1);
    ProjectOptions options;
    options.models = {"huge"};
    CHECK(contains(message_of<UsageError>([&] { project(options, pool, {}); }), "huge"));
}

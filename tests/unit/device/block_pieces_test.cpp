#include "device/cpu/block_pieces.h"

#include <vector>

#include "catch.h"

using npuscribe::BlockPieces;

TEST_CASE("the pieces of a product cover each row and panel once") {
    for (const size_t rows : {1, 63, 64, 65, 512, 1500}) {
        for (const size_t panels : {1, 6, 8, 32, 80}) {
            for (const size_t workers : {1, 2, 3, 16, 64}) {
                const BlockPieces pieces(rows, panels, workers);
                std::vector<int> times(rows * panels);
                for (size_t i = 0; i < pieces.count(); ++i) {
                    REQUIRE(pieces.first_row(i) % BlockPieces::kRows == 0);
                    for (size_t r = 0; r < pieces.rows(i); ++r) {
                        for (size_t p = pieces.first_panel(i); p < pieces.end_panel(i); ++p)
                            ++times[(pieces.first_row(i) + r) * panels + p];
                    }
                }
                REQUIRE(times == std::vector<int>(rows * panels, 1));
            }
        }
    }
}

TEST_CASE("up to six workers share the rows of a window alone") {
    CHECK(BlockPieces(1500, 32, 2).count() == 24);
    CHECK(BlockPieces(1500, 32, 6).count() == 24);
    CHECK(BlockPieces(1500, 32, 7).count() == 48);
}

TEST_CASE("the pieces of every size of Whisper keep 16 and 32 workers busy") {
    // Columns of W: n_audio_state and four times as many, of tiny, base, small, medium and large.
    for (const size_t state : {384, 512, 768, 1024, 1280}) {
        for (const size_t n : {state, 4 * state}) {
            for (const size_t workers : {8, 16, 32}) {
                const size_t count = BlockPieces(1500, n / 64, workers).count();
                const size_t rounds = (count + workers - 1) / workers;
                INFO(n << " columns, " << workers << " workers: " << count << " pieces");
                // The share of the workers' time that is work, if pieces take equally long.
                CHECK(static_cast<double>(count) / static_cast<double>(rounds * workers) >= 0.85);
            }
        }
    }
}

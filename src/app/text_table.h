#pragma once
#include <string>
#include <vector>

namespace stevie::app {

/// Lines of cells under a head, columns as wide as their widest cell and two spaces apart, no space at the
/// end of a line. Cells are shown printable. The last column is not filled up, so that it may hold long
/// texts.
std::string text_table(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows);

}  // namespace stevie::app

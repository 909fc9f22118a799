#include "core/markup.h"

#include <gtest/gtest.h>

namespace stevie {
namespace {

using namespace std::string_view_literals;

TEST(Markup, nothing_from_outside_ends_an_element_or_an_attribute) {
  EXPECT_EQ(markup_escaped("<b a=\"1\" c='2'>&amp;</b>"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
}

TEST(Markup, what_xml_does_not_allow_becomes_a_blank) {
  EXPECT_EQ(markup_escaped("a\0b\x1f\x01"sv), "a b  ");
  EXPECT_EQ(markup_escaped("one\ttwo\nthree"), "one\ttwo\nthree");
  EXPECT_EQ(markup_escaped("BTC\xe2\x82\xbf"), "BTC\xe2\x82\xbf");
}

}  // namespace
}  // namespace stevie

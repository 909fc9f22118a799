#include "accounts/names.h"

#include <gtest/gtest.h>

#include "accounts/accounts.h"
#include "core/testing.h"

namespace stevie::accounts {
namespace {

TEST(Names, are_short_and_plain) {
  for (const char* name : {"a", "anna", "anna.b-c_d", "7of9", "anna@example.com"}) {
    EXPECT_TRUE(is_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("Anna"), std::string(".a"), std::string("-a"), std::string("@a"),
        std::string("an na"), std::string("a\n"), std::string("a\0b", 3), std::string("../a"),
        std::string("a/b"), std::string("a'b"), std::string("\xc3\xa4"), std::string("a\xff"),
        std::string(65, 'a')}) {
    EXPECT_FALSE(is_name(name)) << name;
    EXPECT_EQ(error_of([&] { require_name(name, "user"); }).code(), "accounts.bad_name");
  }
  EXPECT_TRUE(is_name(std::string(64, 'a')));
}

TEST(Names, a_message_about_a_bad_name_drives_no_terminal) {
  const std::string message = error_of([] { require_name("\x1b[2J\xff", "user"); }).what();
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_LT(error_of([] { require_name(std::string(1 << 20, '\x1b'), "user"); }).message().size(), 1000u);
}

TEST(Passwords, have_a_length_in_characters) {
  EXPECT_EQ(password_fault("anna", "tv7 kpu qmz x", 12), "");
  EXPECT_NE(password_fault("anna", "tv7 kpu qmz", 12), "");
  // Eleven and twelve characters of two bytes each.
  const std::string letters[] = {"ä", "ö", "ü", "ß", "é", "è", "ñ", "ø", "å", "ç", "î", "ù"};
  std::string text;
  for (const std::string& letter : letters) {
    EXPECT_NE(password_fault("anna", text, 12), "") << text;
    text += letter;
  }
  EXPECT_EQ(password_fault("anna", text, 12), "");
  std::string long_one;
  for (int i = 0; long_one.size() < 1024; ++i) long_one += std::to_string(i * i) + " ";
  long_one.resize(1024);
  EXPECT_EQ(password_fault("anna", long_one, 12), "");
  EXPECT_NE(password_fault("anna", long_one + "x", 12), "");
  EXPECT_NE(password_fault("anna", std::string(1 << 20, 'x'), 12), "");
}

TEST(Passwords, that_are_tried_first_are_refused) {
  for (const char* password :
       {"aaaaaaaaaaaaa", "abababababab", "abcabcabcabca", "123456789012", "012345678901", "987654321098",
        "abcdefghijkl", "qwertyuiopas", "qwertzuiopasd", "Password1234", "password!!!!", "PASSWORD2026!",
        "1234password", "P@ssw0rd2026", "letmein123456", "changeme12345", "administrator", "stevie123456"}) {
    EXPECT_NE(password_fault("anna", password, 12), "") << password;
  }
  EXPECT_NE(password_fault("anna@example.com", "Anna@Example.com", 12), "");
  for (const char* password : {"correct horse battery", "my password is long", "admin of the north"}) {
    EXPECT_EQ(password_fault("anna", password, 12), "") << password;
  }
}

TEST(Passwords, are_text) {
  for (const std::string& password : {std::string("tv7 kpu qmz x\n"), std::string("tv7 kpu\tqmz x"),
                                      std::string("tv7 kpu qmz\0x", 13), std::string("tv7 kpu qmz x\xff"),
                                      std::string("tv7 kpu qmz x\r"), std::string("\xc0\xaftv7 kpu qmz x")}) {
    const std::string fault = password_fault("anna", password, 12);
    EXPECT_NE(fault, "");
    EXPECT_EQ(fault.find("kpu"), std::string::npos) << "it is not quoted";
  }
}

TEST(Roles, stand_in_order_and_have_names) {
  EXPECT_LT(Role::viewer, Role::operator_role);
  EXPECT_LT(Role::operator_role, Role::admin);
  for (const Role role : {Role::viewer, Role::operator_role, Role::admin}) {
    EXPECT_EQ(parse_role(to_string(role)), role);
  }
  for (const char* name : {"", "Admin", "operator_role", "root", "admin "}) {
    EXPECT_EQ(error_of([&] { parse_role(name); }).code(), "accounts.unknown_role") << name;
  }
}

}  // namespace
}  // namespace stevie::accounts

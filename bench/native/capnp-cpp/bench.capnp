@0xd3a1f5e8c2b49607;

interface Bench {
  uppercase @0 (text :Text) -> (text :Text);
  confirm @1 (order :Order) -> (order :Order);
  blob @2 (number :Int32) -> (bytes :Data);
  echo @3 (bytes :Data) -> (bytes :Data);
}

struct Order {
  id @0 :Int32;
  reference @1 :Text;
  paid @2 :Bool;
  discount @3 :Float64;
  customer @4 :Customer;
  items @5 :List(Item);
  total @6 :Total;
}

struct Customer {
  name @0 :Text;
  email @1 :Text;
  address @2 :Address;
  tags @3 :List(Text);
}

struct Address {
  street @0 :Text;
  city @1 :Text;
  postcode @2 :Text;
  country @3 :Text;
}

struct Item {
  sku @0 :Text;
  title @1 :Text;
  quantity @2 :Int32;
  price @3 :Float64;
  gift @4 :Bool;
  box @5 :Box;
}

struct Box {
  width @0 :Float64;
  height @1 :Float64;
  depth @2 :Float64;
}

struct Total {
  net @0 :Float64;
  tax @1 :Float64;
  currency @2 :Text;
}

import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * Which addresses are public: of IPv4 all but those that the IANA special-purpose registry sets apart (RFC 6890 and
 * what followed), and multicast; of IPv6 what is given out as global unicast (2000::/3), but what of it is for
 * documentation, benchmarks, or carries an IPv4 address inside (Teredo, 6to4).
 */
const CLOSED_4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8',
  '100.64.0.0/10', // between a carrier and its customers
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, and clouds’ metadata
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // relays of 6to4
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
];
const OPEN_6 = ['2000::/3'];
const CLOSED_6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const closed4 = blockListOf(CLOSED_4);
const open6 = blockListOf(OPEN_6);
const closed6 = blockListOf(CLOSED_6);

/** @param address as a lookup or a URL has it, without brackets. What is no address isn’t public. */
export function isPublic(address: string): boolean {
  if (isIPv4(address)) return !closed4.check(address, 'ipv4');
  // What names an interface is of this machine’s own networks.
  if (!isIPv6(address) || address.includes('%')) return false;
  return open6.check(address, 'ipv6') && !closed6.check(address, 'ipv6');
}

/** @param ranges addresses, or ranges such as `10.0.0.0/8` */
export function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

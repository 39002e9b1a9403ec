import { describe, expect, test } from 'vitest';
import { blockListOf, isPublic } from '../../../src/adapters/outbound/public-addresses.ts';

describe('an address', () => {
  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '198.17.255.255',
    '223.255.255.255',
    '2001:4860:4860::8888',
    '2606:4700::1111',
    '2a00::1',
  ])('%s is public', (address) => {
    expect(isPublic(address)).toBe(true);
  });

  test.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.0.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'fe80::1%eth0',
    '2606:4700::1%eth0',
    'fec0::1',
    'ff02::1',
    'localhost',
    '127.1',
    '',
  ])('“%s” isn’t', (address) => {
    expect(isPublic(address)).toBe(false);
  });
});

test('A list of ranges has what lies in them, in whatever notation', () => {
  const list = blockListOf(['10.0.0.0/8', '192.168.7.7', 'fd00::/8']);
  expect(list.check('10.200.0.1', 'ipv4')).toBe(true);
  expect(list.check('192.168.7.7', 'ipv4')).toBe(true);
  expect(list.check('fd00:0:0:0::1', 'ipv6')).toBe(true);
  expect(list.check('192.168.7.8', 'ipv4')).toBe(false);
  expect(list.check('fc00::1', 'ipv6')).toBe(false);
});

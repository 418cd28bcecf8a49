import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { subcommands } from '#cli/subcommands.ts'

const root = join(import.meta.dirname, '../..')
const pages = globSync(['*.md', '{docs,docker,src,test,bench,examples,tools}/**/*.md'], {
  cwd: root,
})

describe('the Markdown', () => {
  it('is found by this test', () => {
    expect(pages).toContain('README.md')
    expect(pages.length).toBeGreaterThan(30)
  })

  it('links to files and headings that are there', () => {
    const broken = pages.flatMap((page) =>
      linksIn(read(page))
        .filter((link) => !/^https?:/.test(link) && !leadsSomewhere(page, link))
        .map((link) => `${page}: ${link}`),
    )
    expect(broken).toEqual([])
  })

  it('has no heading twice on a page, but for those of a list of changes', () => {
    const twice = pages
      .filter((page) => page !== 'CHANGELOG.md')
      .flatMap((page) => {
        const headings = headingsOf(withoutCode(read(page)))
        const again = headings.filter((heading, index) => headings.indexOf(heading) < index)
        return again.map((heading) => `${page}#${heading}`)
      })
    expect(twice).toEqual([])
  })

  it('shows npm scripts that are there', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'))
    const shown = found(/npm run (?:-s )?([a-z:]+)/g)
    expect(shown.filter(({ words: [script = ''] }) => !(script in scripts))).toEqual([])
  })

  it('shows commands of the program that are there, with options that they have', async () => {
    const shown = found(/npm run (?:-s )?daybook --((?: [^\s`|)#<]+)+)/g)
    expect(shown.length).toBeGreaterThan(10)
    const wrong = await Promise.all(
      shown.map(async ({ page, words: [given = ''] }) => {
        const fault = await faultIn(given.trim().split(' '))
        return fault === undefined ? [] : [`${page}: daybook${given}: ${fault}`]
      }),
    )
    expect(wrong.flat()).toEqual([])
  })

  it('names tests to run that are there', () => {
    const shown = found(/npx vitest run (test\/[\w/.-]+)/g)
    expect(shown.filter(({ words: [path = ''] }) => !existsSync(join(root, path)))).toEqual([])
  })

  it('lists every decision', () => {
    const list = read('docs/decisions/README.md')
    const decisions = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d/.test(name))
    expect(decisions.filter((name) => !list.includes(`(${name})`))).toEqual([])
  })
})

type Found = { readonly page: string; readonly words: readonly (string | undefined)[] }

function found(pattern: RegExp): readonly Found[] {
  return pages.flatMap((page) =>
    [...read(page).matchAll(pattern)].map(([, ...words]) => ({ page, words })),
  )
}

async function faultIn([name = '', ...rest]: readonly string[]): Promise<string | undefined> {
  if (name.startsWith('--')) return undefined
  const command = await subcommands[name]?.()
  if (command === undefined) return `there is no command ${name}`
  const options = rest.filter((word) => word.startsWith('--')).map((word) => word.slice(2))
  const unknown = options.find((option) => option !== 'help' && !(option in command.options))
  return unknown === undefined ? undefined : `there is no option --${unknown}`
}

function linksIn(markdown: string): readonly string[] {
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```/gm, '')
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : relative(root, join(root, dirname(page), path))
  if (!existsSync(join(root, target))) return false
  return anchor === undefined || headingsOf(read(target)).includes(anchor)
}

/** As GitHub names them. */
function headingsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
